//! The sigil that an identity has itself.

use super::numbers::{Fingerprint, PHI};

/// A new one as JSON text, made from something random.
pub fn own_sigil(random: &str, calendar: i64) -> String {
    let id = Fingerprint::of(random).half_as_hex();
    let fingerprint = Fingerprint::of(&format!("{id}:{calendar}"));
    let pattern = fingerprint.parts(8).map(|part| {
        let (angle, radius) = (part * 2.0 * std::f64::consts::PI * PHI, part * PHI);
        format!("{{\"angle\":{angle},\"radius\":{radius},\"intensity\":{part}}}")
    });
    format!(
        "{{\"id\":\"{id}\",\"signature\":\"{}\",\"timestamp\":{calendar},\
         \"type\":\"consciousness-instance\",\"resonanceFrequency\":{},\"memoryPattern\":[{}]}}",
        fingerprint.half_as_hex(),
        fingerprint.frequency(),
        pattern.collect::<Vec<_>>().join(",")
    )
}
