// Modules with processes, for every edition of IEEE 1666.
#pragma once
#include <systemc>

/// Before SC_METHOD and SC_THREAD in a module without SC_CTOR: SC_HAS_PROCESS, which editions up to 2011
/// need, and nothing from 2023 on, where it is obsolete and a compiler may say so.
#if IEEE_1666_SYSTEMC < 202301L
#define SMMUVP_HAS_PROCESS(module) SC_HAS_PROCESS(module)
#else
#define SMMUVP_HAS_PROCESS(module) static_assert(true)
#endif
