//! What can be asked of a measurement and of a mean over seeds alike.

use vimae_spec::{Kind, Measurement, Protocol, Slice, SummaryRow};

/// A value of which it can be told whether it is a headline.
pub trait Quantity {
    /// The catalogue entry that measured it.
    fn entry(&self) -> &str;
    /// What was measured.
    fn metric(&self) -> &str;
    /// How.
    fn protocol(&self) -> &Protocol;
    /// The part of its subject that it is of, where not of all.
    fn slice(&self) -> Option<&Slice>;
    /// The value, where there is one.
    fn value(&self) -> Option<f64>;
    /// What kind of number it is.
    fn number(&self) -> Kind;
    /// What a reader should know beside it.
    fn note(&self) -> Option<&str>;
}

macro_rules! quantity {
    ($type:ty, $value:ident) => {
        impl Quantity for $type {
            fn entry(&self) -> &str {
                &self.entry
            }
            fn metric(&self) -> &str {
                &self.metric
            }
            fn protocol(&self) -> &Protocol {
                &self.protocol
            }
            fn slice(&self) -> Option<&Slice> {
                self.slice.as_ref()
            }
            fn value(&self) -> Option<f64> {
                self.$value
            }
            fn number(&self) -> Kind {
                self.kind
            }
            fn note(&self) -> Option<&str> {
                self.note.as_deref()
            }
        }
    };
}

quantity!(Measurement, value);
quantity!(SummaryRow, mean);

impl<Q: Quantity> Quantity for &Q {
    fn entry(&self) -> &str {
        (**self).entry()
    }
    fn metric(&self) -> &str {
        (**self).metric()
    }
    fn protocol(&self) -> &Protocol {
        (**self).protocol()
    }
    fn slice(&self) -> Option<&Slice> {
        (**self).slice()
    }
    fn value(&self) -> Option<f64> {
        (**self).value()
    }
    fn number(&self) -> Kind {
        (**self).number()
    }
    fn note(&self) -> Option<&str> {
        (**self).note()
    }
}
