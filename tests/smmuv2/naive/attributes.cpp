// SPDX-License-Identifier: MIT
#include "attributes.h"

#include "bits.h"

namespace naive_smmuv2 {

static bool is_device(const Half& half) { return half.type <= MemoryType::GRE; }

// 16.3, Tables 16-3 and 16-4; reserved encodings as naive::S1DecodeMemAttrs has them
static Half half_of(unsigned nibble) {
  Half half;
  if (nibble == 0b0100) {
    half.type = MemoryType::non_cacheable;
    return half;
  }
  half.type = bit(nibble, 2) ? MemoryType::write_back : MemoryType::write_through;
  half.read_allocate = bit(nibble, 1);
  half.write_allocate = bit(nibble, 0);
  half.transient = !bit(nibble, 3);
  return half;
}

void set_memory_type(Attributes& attributes, uint8_t mair) {
  const unsigned high = mair >> 4;
  unsigned low = mair & 0xF;
  if (high == 0) {
    attributes.inner = Half{};
    attributes.inner.type = MemoryType(low >> 2);
    attributes.outer = attributes.inner;
    return;
  }
  if (low == 0) low = 0b0011;
  attributes.outer = half_of(high);
  attributes.inner = half_of(low);
}

static unsigned nibble_of(const Half& half) {
  if (half.type == MemoryType::non_cacheable) return 0b0100;
  unsigned nibble = half.type == MemoryType::write_back ? 0b0100 : 0;
  if (!half.transient) nibble |= 0b1000;
  if (half.read_allocate) nibble |= 0b0010;
  if (half.write_allocate) nibble |= 0b0001;
  // Transient without a hint to allocate is no encoding: 0b0000 is reserved, 0b0100 is Non-cacheable
  if (half.transient && !half.read_allocate && !half.write_allocate) nibble |= 0b1000;
  return nibble;
}

uint8_t mair_of(const Attributes& attributes) {
  if (is_device(attributes.inner)) return static_cast<uint8_t>(unsigned(attributes.inner.type) << 2);
  return static_cast<uint8_t>((nibble_of(attributes.outer) << 4) | nibble_of(attributes.inner));
}

// map_MemAttr_to_attributes[], Table 2-4
void type_of(unsigned MemAttr, MemoryType& outer, MemoryType& inner) {
  auto normal = [](unsigned code) {
    if (code == 1) return MemoryType::non_cacheable;
    return code == 2 ? MemoryType::write_through : MemoryType::write_back;
  };
  const unsigned high = MemAttr >> 2 & 3;
  const unsigned low = MemAttr & 3;
  if (high == 0) {
    outer = inner = MemoryType(low);
  } else if (low == 0) {
    outer = inner = MemoryType::nGnRnE;
  } else {
    outer = normal(high);
    inner = normal(low);
  }
}

Shareability shareability_of(unsigned SHCFG, Shareability otherwise) {
  switch (SHCFG) {
    case 0b01:
      return Shareability::outer_shareable;
    case 0b10:
      return Shareability::inner_shareable;
    case 0b11:
      return Shareability::non_shareable;
    default:
      return otherwise;
  }
}

static void without_hints(Half& half) { half.read_allocate = half.write_allocate = half.transient = false; }

void normalise(Attributes& attributes) {
  const bool uncached = attributes.inner.type == MemoryType::non_cacheable &&
                        attributes.outer.type == MemoryType::non_cacheable;
  if (is_device(attributes.inner) || uncached) attributes.shareability = Shareability::outer_shareable;
  for (Half* half : {&attributes.inner, &attributes.outer}) {
    if (!half->cacheable()) without_hints(*half);
  }
}

// RACFG, WACFG: 10 allocate, 11 do not; 01 is reserved and taken as 00 (Table 2-4)
static bool allocate(unsigned cfg, bool otherwise) {
  if (cfg < 2) return otherwise;
  return cfg == 2;
}
// TRANSIENTCFG: 10 non-transient, 11 transient
static bool transient(unsigned cfg, bool otherwise) {
  if (cfg < 2) return otherwise;
  return cfg == 3;
}

Attributes transform(const Transformation& reg, Attributes incoming, bool read, bool ssd_secure,
                     bool DIPANS) {
  Attributes result = incoming;
  if (reg.MTCFG) {
    MemoryType outer{}, inner{};
    type_of(reg.MemAttr, outer, inner);
    // Cacheable to cacheable keeps the hints of the input; what was not cacheable has none
    auto replace = [](Half& half, MemoryType type) {
      if (!half.cacheable()) without_hints(half);
      half.type = type;
    };
    replace(result.outer, outer);
    replace(result.inner, inner);
  }
  result.shareability = shareability_of(reg.SHCFG, incoming.shareability);
  for (Half* half : {&result.inner, &result.outer}) {
    half->read_allocate = allocate(reg.RACFG, half->read_allocate);
    half->write_allocate = allocate(reg.WACFG, half->write_allocate);
    half->transient = transient(reg.TRANSIENTCFG, half->transient);
  }
  normalise(result);

  if (!ssd_secure) {
    result.NS = true;
  } else if (reg.NSCFG != 0) {
    result.NS = reg.NSCFG != 0b10;  // 01 is reserved: Non-secure
  }
  if (!read) {
    result.instruction = false;
  } else if (reg.INSTCFG != 0) {
    result.instruction = reg.INSTCFG != 0b10;  // 01 is reserved: instruction
  }
  if (reg.PRIVCFG == 0b01) {
    result.privileged = DIPANS;  // reserved without DIPANS: unprivileged
  } else if (reg.PRIVCFG != 0) {
    result.privileged = reg.PRIVCFG == 0b11;
  }
  return result;
}

Attributes combine(Attributes stage1, const Stage2Attributes& stage2) {
  MemoryType outer{}, inner{};
  type_of(stage2.MemAttr, outer, inner);
  Attributes result = stage1;
  if (outer < result.outer.type) result.outer.type = outer;
  if (inner < result.inner.type) result.inner.type = inner;
  for (Shareability stronger : {Shareability::outer_shareable, Shareability::inner_shareable}) {
    if (stage1.shareability == stronger || stage2.shareability == stronger) {
      result.shareability = stronger;
      break;
    }
  }
  for (Half* half : {&result.inner, &result.outer}) {
    half->read_allocate = allocate(stage2.RACFG, half->read_allocate);
    half->write_allocate = allocate(stage2.WACFG, half->write_allocate);
  }
  normalise(result);
  return result;
}

}  // namespace naive_smmuv2
