// SPDX-License-Identifier: MIT
//
// Memory attributes: IHI 0070 chapter 13.
#pragma once

#include <cstdint>

#include "choices.h"
#include "id_registers.h"

namespace naive_smmuv3 {

using naive::Shareability;

/// Cacheability and hints of one level, inner or outer.
struct Cacheability {
  enum class Type { non_cacheable, write_through, write_back };
  Type type = Type::non_cacheable;
  bool RA = false, WA = false, TR = false;
  [[nodiscard]] bool cacheable() const { return type != Type::non_cacheable; }
};

/// Everything of a transaction that STE and GBPA may override, and that leaves with it.
struct Attributes {
  bool device = false;
  unsigned device_type = 0;  ///< 0 nGnRnE, 1 nGnRE, 2 nGRE, 3 GRE
  Cacheability inner, outer;
  Shareability SH = Shareability::non_shareable;
  bool privileged = false;
  bool instruction = false;
  bool NS = true;
};

/// MTCFG, MemAttr, ALLOCCFG, SHCFG, NSCFG, PRIVCFG and INSTCFG, of an STE or of GBPA.
struct Overrides {
  bool MTCFG = false;
  unsigned MemAttr = 0;
  unsigned ALLOCCFG = 0;
  unsigned SHCFG = 1;
  unsigned NSCFG = 0;
  unsigned PRIVCFG = 0;
  unsigned INSTCFG = 0;
  bool of_ste = true;
};

/// Memory type and hints of a MAIR encoding; reserved encodings as in 5.4 CD.MAIR1.
void set_memory_type(Attributes& attributes, uint8_t mair);
/// The type that STE.MemAttr encodes (5.2), as of MSIs: Read- and Write-Allocate, non-transient where
/// cacheable.
Attributes memory_type_of(unsigned MemAttr);
/// MAIR encoding of the memory type and hints.
uint8_t mair_of(const Attributes& attributes);
/// replace_attrs(): 13.1.4. `read` excludes atomics, which are Data as writes are (13.1.2, 16.7.6).
Attributes replace_attributes(const Features& features, const Choices& choices, const Overrides& overrides,
                              Attributes attributes, bool read);
/// ensure_consistent_attrs(): 13.1.7
Attributes consistent(Attributes attributes);
/// Hints that a translation of stage 1 leaves, where the input had some (13.4.2).
Attributes combine_hints(const Choices& choices, Attributes translated, const Attributes& input);
/// The stronger shareability (13.1.5)
Shareability stronger(Shareability a, Shareability b);

}  // namespace naive_smmuv3
