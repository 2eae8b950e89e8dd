// SPDX-License-Identifier: MIT
//
// Memory attributes: IHI 0062 2.4, a rendering of the pseudocode of 2.4.2.
#pragma once

#include <cstdint>

#include "naive.h"

namespace naive_smmuv2 {

using naive::Shareability;

/// Strongest first (2.4)
enum class MemoryType { nGnRnE, nGnRE, nGRE, GRE, non_cacheable, write_through, write_back };

/// Inner or outer
struct Half {
  MemoryType type = MemoryType::write_back;
  bool read_allocate = false, write_allocate = false, transient = false;
  [[nodiscard]] bool cacheable() const { return type > MemoryType::non_cacheable; }
};

/// Everything that registers and tables may change, and that leaves with a transaction.
struct Attributes {
  Half inner, outer;
  Shareability shareability = Shareability::non_shareable;
  bool NS = true;
  bool instruction = false;
  bool privileged = false;
};

/// The fields of one register, or of a descriptor, that transform attributes. A field that the register has
/// not is at its default, which changes nothing.
struct Transformation {
  bool MTCFG = false;
  unsigned MemAttr = 0xF;
  unsigned SHCFG = 0;
  unsigned RACFG = 0, WACFG = 0, TRANSIENTCFG = 0;
  unsigned NSCFG = 0;
  unsigned INSTCFG = 0, PRIVCFG = 0;
};

/// What stage 2 says: types and shareability to be combined, hints to be taken unless zero.
struct Stage2Attributes {
  unsigned MemAttr = 0xF;
  Shareability shareability = Shareability::non_shareable;
  unsigned RACFG = 0, WACFG = 0;
};

/// Memory type and hints of a MAIR encoding (16.3)
void set_memory_type(Attributes& attributes, uint8_t mair);
/// MAIR encoding of the memory type and hints
uint8_t mair_of(const Attributes& attributes);
/// Outer and inner type of a MemAttr field (9.4); reserved values are nGnRnE (Table 2-4)
void type_of(unsigned MemAttr, MemoryType& outer, MemoryType& inner);
/// transform_by_register(): read is false for writes and atomics, which leave as data.
Attributes transform(const Transformation& reg, Attributes incoming, bool read, bool ssd_secure, bool DIPANS);
/// Combine(), and its normalisation
Attributes combine(Attributes stage1, const Stage2Attributes& stage2);
/// Device and Normal inner and outer Non-cacheable: Outer Shareable, no hints; hints of what is not cacheable
/// go.
void normalise(Attributes& attributes);
/// Shareability of SHCFG and BPSHCFG: 01 Outer, 10 Inner, 11 Non-shareable
Shareability shareability_of(unsigned SHCFG, Shareability otherwise);

}  // namespace naive_smmuv2
