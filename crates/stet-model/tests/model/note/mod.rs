//! What a note is made of besides its present texts: fields, its history, and its marks.

mod fields;
mod history;
mod merged;
