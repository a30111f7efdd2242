//! Tests of what is public: the command line, run as its users run it.

#[cfg(test)]
#[cfg(feature = "cli")]
mod cli;
