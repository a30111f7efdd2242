//! Which names a member may have.
//!
//! What cannot be given to a file is refused, when it is taken in and when it is given out; no name is ever repaired.

/// The most bytes of a component: what file systems take.
const COMPONENT_BYTES_MAX: usize = 255;

/// Says what is wrong with a component, if something is.
pub(crate) fn component_fault(component: &[u8]) -> Option<&'static str> {
    match component {
        b"" => Some("it has an empty component"),
        b"." | b".." => Some("it has a component of dots"),
        _ if component.len() > COMPONENT_BYTES_MAX => Some("a component is longer than 255 bytes"),
        _ if component.contains(&0) => Some("it has a zero byte"),
        _ if cfg!(windows) => windows_fault(component),
        _ => None,
    }
}

/// What that system would take for something else: a stream, a device, another file.
fn windows_fault(component: &[u8]) -> Option<&'static str> {
    const DEVICES: [&[u8]; 4] = [b"con", b"prn", b"aux", b"nul"];
    let stem = component.split(|&byte| byte == b'.').next().unwrap_or_default();
    let stem = stem.trim_ascii_end().to_ascii_lowercase();
    let numbered = matches!(stem.as_slice(), [b'c', b'o', b'm', _] | [b'l', b'p', b't', _]);
    if component.iter().any(|&byte| byte < 32 || b"\\:*?\"<>|".contains(&byte)) {
        return Some("it has a character that is not allowed here");
    }
    if component.ends_with(b".") || component.ends_with(b" ") {
        return Some("a component ends in a dot or a space");
    }
    (numbered || DEVICES.contains(&stem.as_slice())).then_some("it names a device")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_windows_device_is_no_file_name() {
        for name in [&b"CON"[..], b"nul.txt", b"com1", b"a.", b"a ", b"a:b", b"a\\b"] {
            assert!(windows_fault(name).is_some(), "{name:?}");
        }
        assert!(windows_fault(b"console.log").is_none());
    }
}
