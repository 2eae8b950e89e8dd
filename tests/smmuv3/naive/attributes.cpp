// SPDX-License-Identifier: MIT
//
// IHI 0070 13.1.3 to 13.1.7, 13.2, 13.3 and the parts of 13.4 that are not a table walk.
#include "attributes.h"

#include "bits.h"

namespace naive_smmuv3 {

namespace {

using Type = Cacheability::Type;

// One nibble of a MAIR byte: 0b0100 is Non-cacheable; else bit 3 clear is Transient, bit 2 Write-Back, bit 1
// RA, bit 0 WA.
Cacheability from_nibble(unsigned nibble) {
  Cacheability level;
  if (nibble == 0b0100) return level;
  level.type = bit(nibble, 2) ? Type::write_back : Type::write_through;
  level.RA = bit(nibble, 1);
  level.WA = bit(nibble, 0);
  level.TR = !bit(nibble, 3);
  return level;
}

unsigned to_nibble(const Cacheability& level) {
  if (!level.cacheable()) return 0b0100;
  const unsigned hints = (level.RA ? 2u : 0u) | (level.WA ? 1u : 0u);
  // A transient type without allocation has no encoding, and no meaning (13.1.7)
  const bool transient = level.TR && hints != 0;
  return (transient ? 0u : 8u) | (level.type == Type::write_back ? 4u : 0u) | hints;
}

bool uncached(const Attributes& attributes) {
  return attributes.device || (!attributes.inner.cacheable() && !attributes.outer.cacheable());
}

// 5.2 STE.MemAttr: the encoding of VMSAv8-64 stage 2; 0b0100, 0b1000 and 0b1100 are Device-nGnRnE.
void override_memory_type(Attributes& attributes, unsigned MemAttr) {
  const unsigned outer = field(MemAttr, 3, 2);
  const unsigned inner = field(MemAttr, 1, 0);
  const Attributes before = attributes;
  attributes.inner = {};
  attributes.outer = {};
  attributes.device = outer == 0 || inner == 0;
  attributes.device_type = outer == 0 ? inner : 0;
  if (attributes.device) return;
  auto level = [](unsigned code, const Cacheability& old, bool old_is_device) {
    Cacheability result;
    if (code == 0b01) return result;
    result.type = code == 0b10 ? Type::write_through : Type::write_back;
    // 13.1.4: the input's hints, or RA, WA, nTR where it could not have any
    const bool has_hints = !old_is_device && old.cacheable();
    result.RA = has_hints ? old.RA : true;
    result.WA = has_hints ? old.WA : true;
    result.TR = has_hints ? old.TR : false;
    return result;
  };
  attributes.inner = level(inner, before.inner, before.device);
  attributes.outer = level(outer, before.outer, before.device);
}

}  // namespace

Attributes memory_type_of(unsigned MemAttr) {
  Attributes attributes;
  override_memory_type(attributes, MemAttr);
  return attributes;
}

void set_memory_type(Attributes& attributes, uint8_t mair) {
  const unsigned high = mair >> 4;
  const unsigned low = mair & 0xF;
  attributes.device = high == 0;
  attributes.device_type = attributes.device ? low >> 2 : 0;
  attributes.inner = {};
  attributes.outer = {};
  if (attributes.device) return;
  attributes.outer = from_nibble(high);
  // 5.4 CD.MAIR1: 0b0000 under Normal is inner Write-Through Transient with RW = 0b11
  attributes.inner = from_nibble(low == 0 ? 0b0011 : low);
}

uint8_t mair_of(const Attributes& attributes) {
  if (attributes.device) return static_cast<uint8_t>(attributes.device_type << 2);
  return static_cast<uint8_t>((to_nibble(attributes.outer) << 4) | to_nibble(attributes.inner));
}

Attributes replace_attributes(const Features& features, const Choices& choices, const Overrides& overrides,
                              Attributes attributes, bool read) {
  if (choices.incoming_uncached_is_outer_shareable && uncached(attributes)) {
    attributes.SH = Shareability::outer_shareable;
  }
  if (features.ATTR_TYPES_OVR) {
    if (overrides.MTCFG) override_memory_type(attributes, overrides.MemAttr);
    const bool allocation = bit(overrides.ALLOCCFG, 3) &&
                            (overrides.MTCFG || !overrides.of_ste || choices.alloccfg_without_mtcfg);
    if (allocation) {
      for (Cacheability* level : {&attributes.inner, &attributes.outer}) {
        if (attributes.device || !level->cacheable()) continue;
        level->RA = bit(overrides.ALLOCCFG, 2);
        level->WA = bit(overrides.ALLOCCFG, 1);
        level->TR = bit(overrides.ALLOCCFG, 0);
      }
    }
    if (overrides.SHCFG != 0b01) attributes.SH = Shareability{overrides.SHCFG};
    if (choices.incoming_uncached_is_outer_shareable && uncached(attributes)) {
      attributes.SH = Shareability::outer_shareable;
    }
  }
  if (features.ATTR_PERMS_OVR) {
    if (overrides.NSCFG == 0b10) attributes.NS = false;
    if (overrides.NSCFG == 0b11) attributes.NS = true;
    if (overrides.PRIVCFG == 0b10) attributes.privileged = false;
    if (overrides.PRIVCFG == 0b11) attributes.privileged = true;
    if (overrides.INSTCFG == 0b10) attributes.instruction = false;
    if (overrides.INSTCFG == 0b11) attributes.instruction = true;
  }
  // 13.1.2: a write is Data whatever it says of itself, and whatever INSTCFG says
  if (!read) attributes.instruction = false;
  return attributes;
}

Attributes consistent(Attributes attributes) {
  if (uncached(attributes)) attributes.SH = Shareability::outer_shareable;
  for (Cacheability* level : {&attributes.inner, &attributes.outer}) {
    if (attributes.device || !level->cacheable()) *level = {};
    if (!level->RA && !level->WA) level->TR = false;
  }
  return attributes;
}

Attributes combine_hints(const Choices& choices, Attributes translated, const Attributes& input) {
  if (input.device || translated.device) return translated;
  const bool in_both = input.inner.cacheable() && input.outer.cacheable();
  auto combine = [&](Cacheability& level, const Cacheability& in) {
    if (!level.cacheable() || !in.cacheable()) return;
    if (!choices.combines_hints_by_level && !in_both) return;
    // 13.1.5: no-allocate and Transient are the stronger ones
    level.RA = level.RA && in.RA;
    level.WA = level.WA && in.WA;
    level.TR = level.TR || in.TR;
  };
  combine(translated.inner, input.inner);
  combine(translated.outer, input.outer);
  return translated;
}

Shareability stronger(Shareability a, Shareability b) {
  if (a == Shareability::outer_shareable || b == Shareability::outer_shareable)
    return Shareability::outer_shareable;
  if (a == Shareability::inner_shareable || b == Shareability::inner_shareable)
    return Shareability::inner_shareable;
  return Shareability::non_shareable;
}

}  // namespace naive_smmuv3
