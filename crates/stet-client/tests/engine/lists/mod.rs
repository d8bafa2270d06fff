//! What lists show of notes, and what a search finds.

mod rows;
mod searching;
