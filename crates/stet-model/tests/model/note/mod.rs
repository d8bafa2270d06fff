//! What a note is made of besides its present texts: fields, and its history.

mod fields;
mod history;
