//! Why a connection could not be made: told apart, in words, with what mends it.

use std::error::Error;
use std::io;

use rustls::{CertificateError, Error as TlsError};

use super::names::NameError;

/// What stood in the way of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The name has no address.
    Name,
    /// The machine is there and nothing listens.
    Refused,
    /// The network knows no way there.
    Route,
    /// Nothing at all was heard, for as long as one may wait.
    Silence,
    /// Its certificate has expired.
    Expired,
    /// Its certificate is not valid yet.
    NotYetValid,
    /// Its certificate comes from nobody whom this machine trusts.
    Authority,
    /// Its certificate is its own.
    SelfSigned,
    /// Its certificate is for another name.
    WrongName,
    /// What answers there speaks no TLS.
    NoTls,
    /// TLS fails for another reason.
    Tls,
    /// Anything else.
    Other,
}

impl Obstacle {
    /// What stands at the bottom of an error, and what that says.
    pub(super) fn of(error: &reqwest::Error) -> (Self, String) {
        if error.is_timeout() {
            return (Self::Silence, "it took too long".to_owned());
        }
        let mut cause: &(dyn Error + 'static) = error;
        loop {
            if let Some(found) = Self::is(cause) {
                return found;
            }
            match cause.source() {
                Some(source) => cause = source,
                None => return (Self::Other, cause.to_string()),
            }
        }
    }

    /// What mends it, as a sentence for operators.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Name => {
                "correct the name with `beadle servers set ID --url ADDRESS`, or mend name \
                 resolution on beadle's machine (`getent hosts NAME` must print an address)"
            }
            Self::Refused => {
                "start nginx on the server (`bbb-conf --restart`), or correct the port with \
                 `beadle servers set ID --url ADDRESS`"
            }
            Self::Route => {
                "look at the network between the two machines (`ip route get ADDRESS` on beadle's)"
            }
            Self::Silence => {
                "see whether the server is on, and whether a firewall swallows packets on the way \
                 (`nc -vz HOST PORT` on beadle's machine)"
            }
            Self::Expired => "renew the certificate on the server (`certbot renew`)",
            Self::NotYetValid => "set the clocks of both machines (`timedatectl`)",
            Self::Authority => {
                "let the server send the whole chain (`fullchain.pem`), or put the authority's \
                 certificate into /usr/local/share/ca-certificates on beadle's machine, run \
                 `update-ca-certificates` and restart beadle"
            }
            Self::SelfSigned => {
                "get the server a certificate of an authority; browsers refuse this one as well"
            }
            Self::WrongName => {
                "add the server by the name in its certificate (`beadle servers set ID --url \
                 ADDRESS`), or get a certificate for this name"
            }
            Self::NoTls => {
                "correct the port, or give the address with http:// if it really is to be without \
                 TLS"
            }
            Self::Tls => "look at the TLS settings of nginx on the server",
            Self::Other => "look at the network and at nginx on the server",
        }
    }

    fn is(cause: &(dyn Error + 'static)) -> Option<(Self, String)> {
        if let Some(error) = cause.downcast_ref::<NameError>() {
            return Some((Self::Name, format!("its name cannot be resolved: {error}")));
        }
        if let Some(error) = cause.downcast_ref::<TlsError>() {
            return Some(Self::of_tls(error));
        }
        let error = cause.downcast_ref::<io::Error>()?;
        // What it holds is not among its sources.
        if let Some(inner) = error.get_ref() {
            return Self::is(inner);
        }
        let obstacle = match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => Self::Route,
            io::ErrorKind::TimedOut => Self::Silence,
            _ => return None,
        };
        Some((obstacle, error.to_string()))
    }

    fn of_tls(error: &TlsError) -> (Self, String) {
        let wrong = match error {
            TlsError::InvalidCertificate(wrong) => wrong,
            TlsError::InvalidMessage(_) => {
                return (Self::NoTls, "what answers there speaks no TLS".to_owned());
            }
            _ => return (Self::Tls, format!("TLS fails: {error}")),
        };
        let (obstacle, words) = match wrong {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                (Self::Expired, "its certificate has expired")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                (Self::NotYetValid, "its certificate is not valid yet")
            }
            CertificateError::UnknownIssuer => (
                Self::Authority,
                "its certificate comes from an authority that is not trusted here",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (Self::WrongName, "its certificate is for another name")
            }
            // The library has no kind of its own for it.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                (Self::SelfSigned, "its certificate is self-signed")
            }
            _ => (Self::Tls, "its certificate is no good"),
        };
        (obstacle, format!("{words} ({wrong})"))
    }
}
