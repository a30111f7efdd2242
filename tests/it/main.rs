//! Tests of what is public: the command line, run as its users run it.

mod cli;
