//! Slow lines.
