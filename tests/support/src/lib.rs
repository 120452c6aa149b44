//! What the end-to-end tests share: child processes, foreign programs, an emulated AWS.
