//! The number a telephone dials to get into a meeting.
//!
//! Scalelite derives candidates from the meetingID, so that a class keeps its number from day to
//! day. beadle makes the same ones, so that numbers survive the switch.

use rand_mt::Mt;
use sha2::{Digest, Sha256};

/// BigBlueButton's own test bridge; never given to a meeting.
pub const TEST_BRIDGE: &str = "99999";

/// The endless candidates of a meeting, in their order.
pub struct Candidates {
    random: Mt,
    length: u32,
}

impl Candidates {
    /// The candidates for a meetingID, each `length` digits long.
    pub fn of(meeting_id: &str, length: u32) -> Self {
        Self { random: Mt::new_with_key(key(meeting_id)), length }
    }

    fn digit(&mut self, highest: u32) -> u32 {
        loop {
            let digit = self.random.next_u32() & 15;
            if digit <= highest {
                return digit;
            }
        }
    }

    fn number(&mut self) -> String {
        let digits = (0..self.length).map(|place| match place {
            0 => self.digit(8) + 1,
            _ => self.digit(9),
        });
        digits.filter_map(|digit| char::from_digit(digit, 10)).collect()
    }
}

impl Iterator for Candidates {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let number = self.number();
            if number != TEST_BRIDGE {
                return Some(number);
            }
        }
    }
}

/// The seed: two little-endian halves of the id's SHA-256, second half first, without the leading
/// (last) words that are zero.
fn key(meeting_id: &str) -> Vec<u32> {
    let digest = Sha256::digest(meeting_id.as_bytes());
    let word = |at: usize| {
        let bytes = digest.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_le_bytes(bytes.unwrap_or_default())
    };
    let mut words = vec![word(8), word(12), word(0), word(4)];
    while words.last() == Some(&0) {
        words.pop();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::Candidates;

    fn first(meeting_id: &str, length: u32, count: usize) -> Vec<String> {
        Candidates::of(meeting_id, length).take(count).collect()
    }

    #[test]
    fn candidates_are_those_of_scalelite() {
        assert_eq!(first("room-42", 9, 3), ["250615932", "611003966", "413721886"]);
        assert_eq!(first("m1", 9, 2), ["979198380", "207144650"]);
        assert_eq!(first("meeting-id-1", 9, 3), ["780870878", "899805922", "464813547"]);
        assert_eq!(first("Demo Meeting", 9, 3), ["953452953", "855719023", "914829676"]);
        assert_eq!(first("Ünïcode", 9, 3), ["169322795", "241050835", "978507681"]);
        assert_eq!(first("room-42", 5, 4), ["25061", "69325", "21003", "76313"]);
        assert_eq!(first("room-42", 7, 2), ["2506159", "4251100"]);
    }
}
