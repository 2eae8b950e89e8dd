// What a shared library shows to programs and other libraries.
#pragma once

/// Stands before the name of a class or function that a library's users see; everything else is hidden, so
/// that calls inside a library are direct and nobody comes to depend on what is internal. Header-only classes
/// with virtual functions bear it as well: their type is one over all libraries.
#define SMMUVP_EXPORT __attribute__((visibility("default")))
