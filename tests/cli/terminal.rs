//! A terminal with somebody at it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use rustix::pty::{self, OpenptFlags};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::place::DEADLINE;

/// How many characters fit into a line.
pub(crate) const WIDTH: u16 = 80;

/// A pseudo-terminal, seen from the keyboard and the screen.
pub(crate) struct Terminal {
    keyboard: File,
    screen: Receiver<String>,
    /// Kept open, so that the screen outlives the processes that write to it.
    other: File,
}

impl Terminal {
    pub(crate) fn open() -> Self {
        Self::wide(WIDTH)
    }

    /// One with so many characters in a line.
    pub(crate) fn wide(width: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let here: OwnedFd = pty::openpt(flags).expect("a terminal");
        pty::grantpt(&here).expect("it is ours");
        pty::unlockpt(&here).expect("it opens");
        let name = pty::ptsname(&here, Vec::new()).expect("its name");
        let name = name.to_str().expect("text");
        let other = OpenOptions::new().read(true).write(true).open(name).expect("its other end");
        let size = Winsize { ws_row: 24, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&here, size).expect("a size");
        let keyboard = File::from(here);
        let mut output = keyboard.try_clone().expect("its screen");
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
                if sender.send(text.into_owned()).is_err() {
                    return;
                }
            }
        });
        Self { keyboard, screen, other }
    }

    /// For a process to write to or read from.
    pub(crate) fn other_end(&self) -> Stdio {
        self.other.try_clone().expect("a clone").into()
    }

    /// Starts a command at this terminal; its results go elsewhere.
    pub(crate) fn run(&self, mut command: Command) -> Child {
        command.stdin(self.other_end()).stderr(self.other_end()).spawn().expect("a process")
    }

    /// Waits until this is on the screen, and gives all that came until then.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let (began, mut seen) = (Instant::now(), String::new());
        while !seen.contains(text) {
            let left = DEADLINE.saturating_sub(began.elapsed());
            match self.screen.recv_timeout(left) {
                Ok(more) => seen.push_str(&more),
                Err(_) => unreachable!("{text:?} is not on the screen, but {seen:?}"),
            }
        }
        seen
    }

    /// Types a line.
    pub(crate) fn answer(&self, line: &str) {
        (&self.keyboard).write_all(format!("{line}\n").as_bytes()).expect("it is typed");
    }
}
