//! The binding: the only place that knows napi.
