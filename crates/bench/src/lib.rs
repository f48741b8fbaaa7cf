//! Measures the media engine against a loop that only receives and sends.
