//! `beadle doctor`: what is wrong anywhere, and what mends it.

use super::console::Console;
use super::daemon::Resource;
use super::error::{CliError, Exit};
use crate::api::{Diagnosis, Finding, Level};

/// Lets the daemon look at everything; an error among the findings makes the exit code.
pub(super) async fn run(console: &Console) -> Result<Exit, CliError> {
    let diagnosis: Diagnosis = console.daemon.post(Resource::at(&["doctor"])).await?;
    console.show(&diagnosis, report)?;
    Ok(if diagnosis.ok { Exit::Fine } else { Exit::Failed })
}

fn report(diagnosis: &Diagnosis) -> String {
    if diagnosis.findings.is_empty() {
        return "all is well".to_owned();
    }
    listed(&diagnosis.findings)
}

/// Findings as lines: what is so, and below it what mends it.
pub(super) fn listed(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let level = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "info",
        };
        let line = format!("{level:<8} {}: {}", finding.subject, finding.finding);
        let mends = |remedy: &String| format!("\n         -> {remedy}");
        let text = line + &finding.remedy.as_ref().map(mends).unwrap_or_default();
        // Some of the words are a server's own.
        text.replace(|c: char| c.is_control() && c != '\n', " ")
    });
    lines.collect::<Vec<_>>().join("\n")
}
