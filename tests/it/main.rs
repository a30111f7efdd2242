//! Tests of what is public: the library, the format's page, the shape of the code, and the command line, run as its users
//! run it. One module a topic, one binary.

#[cfg(test)]
#[cfg(all(feature = "cli", unix))]
mod archive;
#[cfg(test)]
#[cfg(feature = "cli")]
mod cli;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod format_doc;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layering;
#[cfg(test)]
#[cfg(feature = "cli")]
mod place;
#[cfg(test)]
mod priming;
#[cfg(test)]
#[cfg(feature = "cli")]
mod query;
#[cfg(test)]
mod resealed;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod salvage;
#[cfg(test)]
mod second_decoder;
#[cfg(test)]
mod stream;
