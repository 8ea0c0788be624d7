//! Tables for people: no lines, two blanks between columns, no wider than the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width};

/// Blanks after each column.
const GAP: u16 = 2;

/// Text is broken into lines no shorter than this, gap included: letters below each other are
/// harder to read than lines that the terminal itself breaks.
const LEAST: u16 = 16;

/// A column: its title, and what stands in it.
pub(super) struct Column(pub(super) &'static str, pub(super) Kind);

/// What stands in a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text of any length; it goes on in the next line where the terminal is narrow.
    Text,
    /// A word, which is never broken.
    Word,
    /// A number, which is never broken and stands on the right.
    Number,
}

/// A table with a title above each column. Where the terminal is too narrow the columns with the
/// titles in `spare` are left out, in that order, as many as it takes.
pub(super) fn grid(
    columns: &[Column],
    spare: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> String {
    let mut table = bare();
    table.set_header(columns.iter().map(|Column(title, _)| Cell::new(title)));
    table.add_rows(rows);
    let widths = table.column_max_content_widths();
    for ((column, Column(_, kind)), width) in table.column_iter_mut().zip(columns).zip(widths) {
        if *kind == Kind::Number {
            column.set_cell_alignment(CellAlignment::Right);
        }
        column.set_constraint(match kind {
            Kind::Text => {
                let least = width.saturating_add(GAP).min(LEAST);
                ColumnConstraint::LowerBoundary(Width::Fixed(least))
            }
            Kind::Word | Kind::Number => ColumnConstraint::ContentWidth,
        });
    }
    leave_out(&mut table, columns, spare);
    finished(table)
}

/// What is known of one thing: a line for each fact.
pub(super) fn facts(facts: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut table = bare();
    table.add_rows(facts.into_iter().map(|(name, value)| [Cell::new(name), cell(&value)]));
    finished(table)
}

/// A cell. Names come from strangers; what they hold must not steer the terminal.
pub(super) fn cell(text: &str) -> Cell {
    let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    Cell::new(text.chars().map(harmless).collect::<String>())
}

/// A server's health, in its colour where there are colours.
pub(super) fn health(health: &str) -> Cell {
    match health {
        "online" => cell(health).fg(Color::Green),
        "unstable" => cell(health).fg(Color::Yellow),
        "offline" => cell(health).fg(Color::Red),
        other => cell(other),
    }
}

fn leave_out(table: &mut Table, columns: &[Column], spare: &[&str]) {
    let Some(room) = table.width() else { return };
    let widths = table.column_max_content_widths();
    let mut needed: u16 =
        widths.iter().fold(0, |sum: u16, width| sum.saturating_add(width.saturating_add(GAP)));
    for title in spare {
        if needed <= room {
            return;
        }
        let Some(place) = columns.iter().position(|Column(other, _)| other == title) else {
            continue;
        };
        if let (Some(column), Some(width)) = (table.column_mut(place), widths.get(place)) {
            column.set_constraint(ColumnConstraint::Hidden);
            needed = needed.saturating_sub(width.saturating_add(GAP));
        }
    }
}

fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn finished(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table.trim_fmt()
}
