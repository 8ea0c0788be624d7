//! Which call a path means.
//!
//! Letter case counts; doubled slashes and a slash at the end do not.

use crate::bbb::Call;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// A call of the BigBlueButton API.
    Call(Call),
    /// Below the API, but no call.
    UnknownCall,
    /// A call of Scalelite's management API, without `.json`.
    Management(&'a str),
    /// A server reports that a meeting has ended.
    Ended,
    /// The health check.
    Health,
    /// The bare host.
    Root,
    /// Nothing of ours.
    Elsewhere,
}

impl<'a> Route<'a> {
    /// The route of a raw path.
    pub(super) fn of(path: &'a str) -> Self {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let (first, second) = (segments.next(), segments.next());
        let (third, more) = (segments.next(), segments.next());
        match (first, second, third, more) {
            (None, ..) => Self::Root,
            (Some("beadle"), Some("ended"), None, _) => Self::Ended,
            (Some("health_check"), None, ..) => Self::Health,
            (Some("bigbluebutton"), None, ..) | (Some("bigbluebutton"), Some("api"), None, _) => {
                Self::Call(Call::Index)
            }
            (Some("bigbluebutton"), Some("api"), Some(name), None) => {
                Call::named(name).map_or(Self::UnknownCall, Self::Call)
            }
            (Some("bigbluebutton"), Some("api"), Some(_), Some(_)) => Self::UnknownCall,
            (Some("scalelite"), Some("api"), Some(name), None) => {
                Self::Management(name.strip_suffix(".json").unwrap_or(name))
            }
            _ => Self::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_say() {
        let table = [
            ("/bigbluebutton", Route::Call(Call::Index)),
            ("/bigbluebutton/", Route::Call(Call::Index)),
            ("/bigbluebutton/api", Route::Call(Call::Index)),
            ("/bigbluebutton/api/", Route::Call(Call::Index)),
            ("/bigbluebutton/api/create", Route::Call(Call::Create)),
            ("//bigbluebutton//api/create/", Route::Call(Call::Create)),
            ("/bigbluebutton/api/Create", Route::UnknownCall),
            ("/bigbluebutton/api/create.xml", Route::UnknownCall),
            ("/bigbluebutton/api/%63reate", Route::UnknownCall),
            ("/bigbluebutton/api/hooks/create", Route::UnknownCall),
            ("/scalelite/api/getServers.json", Route::Management("getServers")),
            ("/beadle/ended", Route::Ended),
            ("/beadle/ended/more", Route::Elsewhere),
            ("/health_check", Route::Health),
            ("/", Route::Root),
            ("/favicon.ico", Route::Elsewhere),
            ("/bigbluebutton/ap", Route::Elsewhere),
        ];
        for (path, route) in table {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
