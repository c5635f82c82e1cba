#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sigil_leveldb::fuzzing::database(input));
