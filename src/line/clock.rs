//! The clock of a log: the form in which its lines print their times (`docs/FORMAT.md`, "The time of a line").

/// How a time is printed, and what stands before it in its line: lines that a log writes have theirs in one form, and what
/// they quote seldom has the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(u16);

impl Form {
    /// All forms are below this number.
    const LIMIT: u64 = 1 << 14;

    /// A time whose layout starts with the element of this code (1 to 10), with or without a clock; `before` is what stands
    /// before it in the line.
    pub(crate) fn new(first: u8, has_clock: bool, before: &[u8]) -> Self {
        let leads = !before.iter().any(u8::is_ascii_alphanumeric);
        let last = before.last().copied().unwrap_or(b'\n');
        let flags = u16::from(leads) | u16::from(has_clock) << 1;
        Self(u16::from(last) | flags << 8 | u16::from(first) << 10)
    }

    pub(crate) fn number(self) -> u64 {
        self.0.into()
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        u16::try_from(number).ok().filter(|_| number < Self::LIMIT).map(Self)
    }
}

/// What is known of a log's clock: the form that prevails, and by how much.
///
/// A time in this form makes the lead longer, one in another form shorter; what takes the last of it takes its place. So what
/// most lines have comes to prevail, and a few quoted times do not change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    form: Form,
    /// 0: there has been no time yet.
    lead: u8,
}

impl Clock {
    /// No lead is longer, so that another log's form prevails soon where logs follow each other.
    pub(crate) const LEAD_MAX: u8 = 32;

    /// One of which the form is known; `None` if the lead is none.
    pub(crate) fn new(form: Form, lead: u8) -> Option<Self> {
        (1..=Self::LEAD_MAX).contains(&lead).then_some(Self { form, lead })
    }

    /// One that keeps its form for a line.
    pub(crate) fn steady(form: Form) -> Self {
        Self { form, lead: Self::LEAD_MAX }
    }

    pub(crate) fn form(self) -> Option<Form> {
        (self.lead > 0).then_some(self.form)
    }

    pub(crate) fn lead(self) -> u8 {
        self.lead
    }

    /// Takes the form of the next line that has a time; says whether that is the line's own.
    pub(crate) fn takes(&mut self, form: Form) -> bool {
        if self.lead <= 1 || self.form == form {
            let lead = if self.form == form { self.lead + 1 } else { 1 };
            *self = Self { form, lead: lead.min(Self::LEAD_MAX) };
            return true;
        }
        self.lead -= 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_most_lines_prevails() {
        let (own, other) = (Form::new(1, true, b""), Form::new(4, true, b"Date: Tue, "));
        let mut clock = Clock::default();
        assert!(clock.takes(other) && clock.takes(own) && clock.takes(own));
        for _ in 0..40 {
            assert!(!clock.takes(other) && clock.takes(own) && clock.takes(own));
        }
        assert_eq!((clock.form(), clock.lead()), (Some(own), Clock::LEAD_MAX));
        let taken = (0..40).filter(|_| clock.takes(other)).count();
        assert_eq!(taken, 9);
    }

    #[test]
    fn forms_have_numbers() {
        let forms = [
            Form::new(1, true, b""),
            Form::new(1, false, b""),
            Form::new(2, true, b""),
            Form::new(1, true, b" "),
            Form::new(1, true, b"a "),
            Form::new(10, true, b"\xff"),
        ];
        for (at, form) in forms.iter().enumerate() {
            assert_eq!(Form::from_number(form.number()), Some(*form));
            assert_eq!(forms.iter().position(|other| other == form), Some(at));
        }
        assert_eq!(Form::from_number(1 << 14), None);
        assert_eq!(Form::from_number(1 << 16), None);
    }
}
