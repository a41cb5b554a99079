// Symbol visibility of the library's public functions.
#pragma once

/// Marks what a shared librowan exports; everything else is built hidden.
#define ROWAN_API __attribute__((visibility("default")))
