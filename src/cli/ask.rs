//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::error::CliError;
use super::print;

/// Asks whether to go on in spite of something. Without a terminal nobody can be asked, and `flag`
/// is named as the way to do it.
pub(super) fn agree(why: &str, question: &str, flag: &'static str) -> Result<(), CliError> {
    if !(io::stdin().is_terminal() && print::watched()) {
        return Err(CliError::Unconfirmed { why: why.to_owned(), flag });
    }
    print::say(why);
    print::prompt(&format!("{question} [yes/no]"));
    let answer = line()?.to_ascii_lowercase();
    if matches!(answer.trim(), "y" | "yes") { Ok(()) } else { Err(CliError::Declined) }
}

/// A secret as given, or the first line of standard input where `-` stands for it: other users of
/// the machine can read command lines.
pub(super) fn secret(given: String) -> Result<String, CliError> {
    if given != "-" {
        return Ok(given);
    }
    if io::stdin().is_terminal() {
        print::prompt("Secret:");
    }
    Ok(line()?.trim().to_owned())
}

fn line() -> Result<String, CliError> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(CliError::Input)?;
    Ok(line)
}
