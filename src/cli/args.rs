//! The command line as typed. What stands here is what `--help` shows.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Arguments, Parser, Subcommand};

use super::values::{parameter, positive, seconds, server_name};

/// One address in front of a pool of BigBlueButton servers.
#[derive(Parser)]
#[command(
    name = "beadle",
    version,
    arg_required_else_help = true,
    after_help = "\
Exit codes: 0 done; 1 refused, failed, or something is wrong; 2 wrong usage or
configuration; 3 no running daemon; 4 waited in vain (servers cordon --wait).

Example:
  beadle serve --data-dir /tmp/pool --listen 127.0.0.1:3000
  beadle servers add bbb1.example.org SECRET --enable --data-dir /tmp/pool"
)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) sources: SourceArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Where the configuration is, the same for the daemon and for those who ask it.
#[derive(Arguments)]
#[command(next_help_heading = "Configuration")]
pub(super) struct SourceArgs {
    /// Configuration file [default: /etc/beadle/beadle.toml if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// File of NAME=value lines, such as /etc/default/scalelite
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// Where the daemon keeps its state [default: /var/lib/beadle]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Socket of the daemon [default: beadle.sock in the data directory]
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) socket: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Run the daemon in the foreground
    ///
    /// SIGTERM and SIGINT stop it once running calls are done, a second one at once. SIGHUP loads
    /// the configuration again.
    #[command(after_help = "\
Example:
  BEADLE_API_SECRETS=s3cr3t beadle serve --data-dir /tmp/pool --listen 127.0.0.1:3000")]
    Serve(Serve),
    /// Try everything at once: simulated servers, and people whose classes start and end
    ///
    /// It prints an address, a secret and signed example URLs, and shows the servers until Ctrl-C.
    /// A data directory that is named is kept, and the next demo on it carries on.
    #[command(after_help = "\
Example:
  beadle demo --servers 5 --people 1000 --listen 127.0.0.1:3001")]
    Demo(Demo),
    /// List, add, change, drain and remove servers
    Servers(Servers),
    /// List and end meetings
    Meetings(Meetings),
    /// Tell why a meeting is where it is, or where a new one would go
    ///
    /// Shows each server, its figures, and why it was chosen or not. Changes nothing. Exit code 1
    /// if no server could take the meeting now.
    #[command(after_help = "\
Example:
  beadle explain math-101
  beadle explain --new math-102 --param meta_server-tag=gpu --param maxParticipants=30")]
    Explain(Explain),
    /// Show the pool at a glance; exit code 1 if something needs attention
    #[command(after_help = "Example:\n  beadle status || mail -s 'look at beadle' root")]
    Status(Form),
    /// Look at everything that is known to go wrong, and say what mends it
    ///
    /// Asks every server, and checks its certificate, secret, clock and version; looks at the
    /// settings, the store and the pool as a whole. Exit code 1 if anything is an error; warnings
    /// and good advice are exit code 0.
    #[command(after_help = "Example:\n  beadle doctor")]
    Doctor(Form),
    /// Ask every server now; returns when all have answered
    #[command(after_help = "Example:\n  beadle poll --json | jq .servers[].health")]
    Poll(Form),
}

#[derive(Arguments)]
pub(super) struct Serve {
    /// Address that front ends are answered on [default: 0.0.0.0:3000]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: Option<SocketAddr>,
}

#[derive(Arguments)]
pub(super) struct Demo {
    /// How many simulated servers there are; the last one is half as strong
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) servers: u16,
    /// About how many people are in classes at a time
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(super) people: u32,
    /// Address that front ends are answered on
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    pub(super) listen: SocketAddr,
    /// Makes the same people do the same again
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
}

/// The form of the result.
#[derive(Arguments)]
pub(super) struct Form {
    /// Write the result as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Arguments)]
pub(super) struct Servers {
    /// Write the result as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: ServersCommand,
}

#[derive(Subcommand)]
pub(super) enum ServersCommand {
    /// List all servers
    #[command(after_help = "Example:\n  beadle servers list --json | jq -r .[].id")]
    List(Listing),
    /// Show all that is known of a server
    #[command(after_help = "Example:\n  beadle servers show bbb1.example.org")]
    Show(Show),
    /// Add a server; prints its id
    ///
    /// The server is asked first, and what is wrong with it is explained. It is added disabled
    /// unless --enable is given.
    #[command(after_help = "\
Example:
  beadle servers add https://bbb1.example.org/bigbluebutton/ SECRET --weight 2 --enable
  bbb-conf --secret | awk '/Secret:/ {print $2}' | beadle servers add bbb1.example.org -")]
    Add(Add),
    /// Change a server; what is not named stays
    #[command(after_help = "Example:\n  beadle servers set bbb1 --weight 1.5 --max-users 400")]
    Set(Set),
    /// Let a server take new meetings
    #[command(after_help = "Example:\n  beadle servers enable bbb1.example.org")]
    Enable(One),
    /// Drain a server: no new meetings, all else goes on
    #[command(after_help = "\
Example:
  beadle servers cordon bbb1 --wait --timeout 7200 && ssh bbb1 reboot")]
    Cordon(Cordon),
    /// Take a server out: no new meetings, nobody can join
    #[command(after_help = "Example:\n  beadle servers disable bbb1")]
    Disable(Forceable),
    /// Remove a server and forget its meetings
    #[command(after_help = "Example:\n  beadle servers remove bbb1 --force")]
    Remove(Forceable),
    /// Release and end all meetings of a server at once, and disable it
    ///
    /// For a server that is broken while people are on it: their meetings start again on others.
    #[command(after_help = "Example:\n  beadle servers panic bbb1 --yes")]
    Panic(Panic),
    /// Ask servers who they are and whether they accept the secret
    #[command(after_help = "\
Example:
  beadle servers check
  beadle servers check bbb1 bbb2.example.org:8443")]
    Check(Check),
}

#[derive(Arguments)]
pub(super) struct Listing {
    /// Show the servers' secrets as well
    #[arg(long)]
    pub(super) secrets: bool,
}

#[derive(Arguments)]
pub(super) struct Show {
    #[command(flatten)]
    pub(super) of: One,
    /// Show the server's secret as well
    #[arg(long)]
    pub(super) secrets: bool,
}

#[derive(Arguments)]
pub(super) struct One {
    /// Its id, or its host (and :port) where no other server has it
    #[arg(value_name = "ID", value_parser = server_name)]
    pub(super) server: String,
}

#[derive(Arguments)]
pub(super) struct Add {
    /// Its address; scheme, /bigbluebutton and /api may be left out
    pub(super) url: String,
    /// Its secret (bbb-conf --secret); - reads it from standard input
    pub(super) secret: String,
    /// An id of your own [default: a new UUID]
    #[arg(long, value_parser = server_name)]
    pub(super) id: Option<String>,
    #[command(flatten)]
    pub(super) capacity: Capacity,
    /// Tag that front ends can ask for (meta_server-tag)
    #[arg(long)]
    pub(super) tag: Option<String>,
    /// Let it take meetings at once
    #[arg(long)]
    pub(super) enable: bool,
    /// Keep it in reserve: it takes meetings only where no other server can
    #[arg(long)]
    pub(super) spare: bool,
    /// Add it without asking it anything
    #[arg(long)]
    pub(super) no_probe: bool,
}

#[derive(Arguments)]
#[group(multiple = false)]
pub(super) struct Capacity {
    /// How strong it is; 2 takes twice as much as 1 [default: 1]
    #[arg(long, value_name = "W", value_parser = positive, allow_negative_numbers = true)]
    pub(super) weight: Option<f64>,
    /// The same in Scalelite's way: 1 divided by the weight
    #[arg(long, value_name = "M", value_parser = positive, allow_negative_numbers = true)]
    pub(super) load_multiplier: Option<f64>,
}

#[derive(Arguments)]
pub(super) struct Set {
    #[command(flatten)]
    pub(super) of: One,
    #[command(flatten)]
    pub(super) changes: Changes,
    /// Change the address without asking, whoever is on it
    #[arg(long, visible_alias = "yes", short_alias = 'y')]
    pub(super) force: bool,
}

#[derive(Arguments)]
#[group(required = true, multiple = true)]
pub(super) struct Changes {
    /// A new address
    #[arg(long)]
    pub(super) url: Option<String>,
    /// A new secret; - reads it from standard input
    #[arg(long)]
    pub(super) secret: Option<String>,
    /// How strong it is; 2 takes twice as much as 1
    #[arg(long, value_name = "W", value_parser = positive, allow_negative_numbers = true)]
    pub(super) weight: Option<f64>,
    /// The same in Scalelite's way: 1 divided by the weight
    #[arg(long, value_name = "M", value_parser = positive, allow_negative_numbers = true)]
    #[arg(conflicts_with = "weight")]
    pub(super) load_multiplier: Option<f64>,
    /// Tag that front ends can ask for (meta_server-tag)
    #[arg(long)]
    pub(super) tag: Option<String>,
    /// Remove the tag
    #[arg(long, conflicts_with = "tag")]
    pub(super) no_tag: bool,
    /// The most meetings it may have; 0 removes the limit
    #[arg(long, value_name = "N")]
    pub(super) max_meetings: Option<u32>,
    /// The most load (people, and half of voices and cameras) it may have; 0 removes the limit
    #[arg(long, value_name = "N")]
    pub(super) max_users: Option<u32>,
    /// Keep it in reserve: it takes meetings only where no other server can
    #[arg(long)]
    pub(super) spare: bool,
    /// Let it take meetings like the others
    #[arg(long, conflicts_with = "spare")]
    pub(super) no_spare: bool,
}

#[derive(Arguments)]
pub(super) struct Cordon {
    #[command(flatten)]
    pub(super) of: One,
    /// Wait until no meeting is left on it
    #[arg(long)]
    pub(super) wait: bool,
    /// Wait no longer than this many seconds; exit code 4 if meetings are left then
    #[arg(long, value_name = "S", requires = "wait", value_parser = seconds)]
    pub(super) timeout: Option<Duration>,
}

#[derive(Arguments)]
pub(super) struct Forceable {
    #[command(flatten)]
    pub(super) of: One,
    /// Do it without asking, whoever is on it
    #[arg(long, visible_alias = "yes", short_alias = 'y')]
    pub(super) force: bool,
}

#[derive(Arguments)]
pub(super) struct Panic {
    #[command(flatten)]
    pub(super) of: One,
    /// Leave the server in its state instead of disabling it
    #[arg(long)]
    pub(super) keep_state: bool,
    /// Do it without asking, whoever is on it
    #[arg(long, visible_alias = "force", short_alias = 'y')]
    pub(super) yes: bool,
}

#[derive(Arguments)]
pub(super) struct Check {
    /// Ids or hosts; none, or `all`, means every server
    #[arg(value_name = "ID", value_parser = server_name)]
    pub(super) servers: Vec<String>,
}

#[derive(Arguments)]
pub(super) struct Meetings {
    /// Write the result as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: MeetingsCommand,
}

#[derive(Subcommand)]
pub(super) enum MeetingsCommand {
    /// List the meetings that beadle has placed
    #[command(after_help = "Example:\n  beadle meetings list --server bbb1")]
    List(MeetingList),
    /// Show all that is known of a meeting
    #[command(after_help = "Example:\n  beadle meetings info math-101")]
    Info(Meeting),
    /// End a meeting as its moderator would
    #[command(after_help = "Example:\n  beadle meetings end math-101")]
    End(EndMeeting),
}

#[derive(Arguments)]
pub(super) struct MeetingList {
    /// Only those on this server, named by id or host
    #[arg(long, value_name = "ID", value_parser = server_name)]
    pub(super) server: Option<String>,
}

#[derive(Arguments)]
pub(super) struct Meeting {
    /// Its meetingID or internalMeetingID
    pub(super) id: String,
    /// The tenant it belongs to
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(super) tenant: String,
}

#[derive(Arguments)]
pub(super) struct Explain {
    #[command(flatten)]
    pub(super) of: Explained,
    /// The tenant it belongs to
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(super) tenant: String,
    /// A parameter of the create; may be given several times [default for a known meeting: as at
    /// its create]
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) params: Vec<(String, String)>,
    /// Write the result as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Arguments)]
#[group(required = true, multiple = false)]
pub(super) struct Explained {
    /// The meetingID or internalMeetingID of a meeting
    pub(super) meeting: Option<String>,
    /// The meetingID of a meeting that is only thought of
    #[arg(long, value_name = "ID")]
    pub(super) new: Option<String>,
}

#[derive(Arguments)]
pub(super) struct EndMeeting {
    #[command(flatten)]
    pub(super) meeting: Meeting,
    /// Forget it even if its server cannot be told
    #[arg(long)]
    pub(super) force: bool,
}
