//! Tables for people: no lines, two blanks between columns, no wider than the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table};

/// A column: its title, and whether numbers stand in it.
pub(super) struct Column(pub(super) &'static str, pub(super) Align);

/// On which side a column's text stands.
#[derive(Clone, Copy)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table with a title above each column.
pub(super) fn grid(columns: &[Column], rows: impl IntoIterator<Item = Vec<Cell>>) -> String {
    let mut table = bare();
    table.set_header(columns.iter().map(|Column(title, _)| Cell::new(title)));
    table.add_rows(rows);
    for (column, Column(_, align)) in table.column_iter_mut().zip(columns) {
        if matches!(align, Align::Right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
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

fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn finished(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
