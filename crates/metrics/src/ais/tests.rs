//! Laws of annealing on models whose likelihood is known.
