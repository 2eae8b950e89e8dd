// SPDX-License-Identifier: MIT
//
// Memory attributes, descriptor accesses, and the order of the two stages: the pseudocode's shared functions.
#include "walk.h"

namespace naive {

// ------------------------------------------------------------------------------------------------- memory
// attributes

// DecodeShareability
Shareability DecodeShareability(const Choices& choices, unsigned sh) {
  switch (sh) {
    case 0b00:
      return Shareability::non_shareable;
    case 0b10:
      return Shareability::outer_shareable;
    case 0b11:
      return Shareability::inner_shareable;
    default:
      return choices.reserved_shareability;  // Unpredictable_Shareability
  }
}

// IHI 0070 5.2 STE.S2SH0, 5.4 CD.SH0: 0b01 behaves as 0b00
Shareability DecodeWalkShareability(unsigned sh) {
  if (sh == 0b01) return Shareability::non_shareable;
  return Shareability{sh};
}

// EffectiveShareability; also IHI 0070 13.1.7
Shareability EffectiveShareability(const MemoryAttributes& memattrs) {
  if (memattrs.memtype == MemType::device) return Shareability::outer_shareable;
  if (memattrs.inner.attrs == MemAttr::NC && memattrs.outer.attrs == MemAttr::NC)
    return Shareability::outer_shareable;
  return memattrs.shareability;
}

// S2CombineS1Shareability
Shareability S2CombineS1Shareability(Shareability s1, Shareability s2) {
  for (Shareability stronger : {Shareability::outer_shareable, Shareability::inner_shareable}) {
    if (s1 == stronger || s2 == stronger) return stronger;
  }
  return Shareability::non_shareable;
}

// S2CombineS1Device: the more restrictive one, which has the smaller encoding
DeviceType S2CombineS1Device(DeviceType s1, DeviceType s2) {
  for (DeviceType type : {DeviceType::nGnRnE, DeviceType::nGnRE, DeviceType::nGRE}) {
    if (s1 == type || s2 == type) return type;
  }
  return DeviceType::GRE;
}

// DecodeSDFAttr: the two-bit cacheability of short descriptors and of table walks
MemAttrHints DecodeSDFAttr(unsigned rgn) {
  switch (rgn) {
    case 0b01:
      return {MemAttr::WB, 0b11, false};
    case 0b10:
      return {MemAttr::WT, 0b10, false};
    case 0b11:
      return {MemAttr::WB, 0b10, false};
    default:
      return {MemAttr::NC, 0, false};
  }
}

// DecodeLDFAttr: one nibble of a MAIR byte
static MemAttrHints DecodeLDFAttr(unsigned attr) {
  MemAttrHints result;
  if (attr == 0b0100) return result;  // Non-cacheable
  result.attrs = bit(attr, 2) ? MemAttr::WB : MemAttr::WT;
  result.hints = attr & 0b11;
  // Transient makes sense with an allocation hint only: 0b0000 is reserved and 0b0100 is Non-cacheable
  result.transient = !bit(attr, 3) && result.hints != 0;
  return result;
}

// S1ConstrainUnpredictableRESMAIR leaves the reserved encodings open; IHI 0070 5.4, CD.MAIR1 settles them
static uint8_t smmu_mair(uint8_t attr) {
  const unsigned high = attr >> 4;
  const unsigned low = attr & 0xF;
  if (high == 0b0000) return static_cast<uint8_t>(low & 0b1100);  // Device, bits [1:0] count as zero
  if (low == 0b0000)
    return static_cast<uint8_t>((high << 4) | 0b0011);  // inner Write-Through transient, RW = 0b11
  return attr;
}

// S1DecodeMemAttrs, without XS and MTE: 0x40, 0xA0 and 0xF0 are reserved in an SMMU
MemoryAttributes S1DecodeMemAttrs(uint8_t attr_in, Shareability sh) {
  const uint8_t attr = smmu_mair(attr_in);
  MemoryAttributes memattrs;
  memattrs.shareability = sh;
  if ((attr >> 4) == 0) {
    memattrs.memtype = MemType::device;
    memattrs.device = DeviceType(bits(attr, 3, 2));
  } else {
    memattrs.memtype = MemType::normal;
    memattrs.outer = DecodeLDFAttr(attr >> 4);
    memattrs.inner = DecodeLDFAttr(attr & 0xF);
  }
  return memattrs;
}

// S2DecodeCacheability. Hints are UNKNOWN there: combining never looks at them.
static MemAttrHints S2DecodeCacheability(const Choices& choices, unsigned attr) {
  if (attr == 0b00) attr = choices.reserved_s2_cacheability;  // Unpredictable_S2RESMEMATTR
  switch (attr) {
    case 0b01:
      return {MemAttr::NC, 0, false};
    case 0b10:
      return {MemAttr::WT, 0b11, false};
    default:
      return {MemAttr::WB, 0b11, false};
  }
}

// S2DecodeMemAttrs, without MTE
MemoryAttributes S2DecodeMemAttrs(const Choices& choices, unsigned attr, Shareability sh) {
  MemoryAttributes memattrs;
  memattrs.shareability = sh;
  if (bits(attr, 3, 2) == 0b00) {
    memattrs.memtype = MemType::device;
    memattrs.device = DeviceType(bits(attr, 1, 0));
    return memattrs;
  }
  if (bits(attr, 1, 0) == 0b00 && choices.reserved_s2_cacheability == 0) {
    memattrs.memtype = MemType::device;
    return memattrs;
  }
  memattrs.memtype = MemType::normal;
  memattrs.outer = S2DecodeCacheability(choices, unsigned(bits(attr, 3, 2)));
  memattrs.inner = S2DecodeCacheability(choices, unsigned(bits(attr, 1, 0)));
  memattrs.unpredictable = bits(attr, 1, 0) == 0b00;
  return memattrs;
}

// S2CombineS1AttrHints: the less cacheable of the two, with the hints of stage 1
static MemAttrHints S2CombineS1AttrHints(const MemAttrHints& s1, const MemAttrHints& s2) {
  if (s1.attrs == MemAttr::NC || s2.attrs == MemAttr::NC) return {MemAttr::NC, 0, false};
  const bool through = s1.attrs == MemAttr::WT || s2.attrs == MemAttr::WT;
  return {through ? MemAttr::WT : MemAttr::WB, s1.hints, s1.transient};
}

// S2CombineS1MemAttrs
MemoryAttributes S2CombineS1MemAttrs(const MemoryAttributes& s1, const MemoryAttributes& s2) {
  MemoryAttributes memattrs;
  if (s1.memtype == MemType::device && s2.memtype == MemType::device) {
    memattrs.memtype = MemType::device;
    memattrs.device = S2CombineS1Device(s1.device, s2.device);
  } else if (s1.memtype == MemType::device) {
    memattrs = s1;
  } else if (s2.memtype == MemType::device) {
    memattrs = s2;
  } else {
    memattrs.memtype = MemType::normal;
    memattrs.inner = S2CombineS1AttrHints(s1.inner, s2.inner);
    memattrs.outer = S2CombineS1AttrHints(s1.outer, s2.outer);
  }
  memattrs.unpredictable = s1.unpredictable || s2.unpredictable;
  memattrs.shareability = S2CombineS1Shareability(s1.shareability, s2.shareability);
  memattrs.shareability = EffectiveShareability(memattrs);
  return memattrs;
}

// NormalNCMemAttr
MemoryAttributes NormalNCMemAttr(Shareability sh) {
  MemoryAttributes memattrs;
  memattrs.shareability = sh;
  return memattrs;
}

// EncodePARAttrs, without XS and MTE
uint8_t EncodePARAttrs(const MemoryAttributes& memattrs) {
  if (memattrs.memtype == MemType::device) return static_cast<uint8_t>(unsigned(memattrs.device) << 2);
  auto nibble = [](const MemAttrHints& half) -> unsigned {
    switch (half.attrs) {
      case MemAttr::WT:
        return (half.transient ? 0b0000u : 0b1000u) | half.hints;
      case MemAttr::WB:
        return (half.transient ? 0b0100u : 0b1100u) | half.hints;
      default:
        return 0b0100u;
    }
  };
  return static_cast<uint8_t>((nibble(memattrs.outer) << 4) | nibble(memattrs.inner));
}

// ----------------------------------------------------------------------------------------------- geometry of
// VMSAv8-64

// TGxGranuleBits
unsigned TGxGranuleBits(TGx tgx) {
  switch (tgx) {
    case TGx::kb4:
      return 12;
    case TGx::kb16:
      return 14;
    default:
      return 16;
  }
}

// TranslationSize: log2 of what one descriptor at this level maps
unsigned TranslationSize(TGx tgx, int level) {
  const unsigned granulebits = TGxGranuleBits(tgx);
  const unsigned stride = granulebits - 3;
  return granulebits + unsigned(FINAL_LEVEL - level) * stride;
}

// ContiguousSize: log2 of the number of entries that the Contiguous bit joins
unsigned ContiguousSize(TGx tgx, int level) {
  switch (tgx) {
    case TGx::kb4:
      return 4;
    case TGx::kb16:
      return level == 2 ? 5 : 7;
    default:
      return 5;
  }
}

// AArch64.S1StartLevel
int StartLevelOfInput(unsigned iasize, TGx tgx) {
  const unsigned granulebits = TGxGranuleBits(tgx);
  const unsigned stride = granulebits - 3;
  return FINAL_LEVEL - int((iasize - 1 - granulebits) / stride);
}

// --------------------------------------------------------------------------------------------------
// descriptor access

namespace {

uint64_t from_memory(const Memory::Bytes& bytes, unsigned size, bool big_endian) {
  uint64_t value = 0;
  for (unsigned n = 0; n < size; n++) {
    const unsigned weight = big_endian ? size - 1 - n : n;
    value |= uint64_t{bytes[n]} << (8 * weight);
  }
  return value;
}

Memory::Bytes to_memory(uint64_t value, unsigned size, bool big_endian) {
  Memory::Bytes bytes{};
  for (unsigned n = 0; n < size; n++) {
    const unsigned weight = big_endian ? size - 1 - n : n;
    bytes[n] = static_cast<uint8_t>(value >> (8 * weight));
  }
  return bytes;
}

}  // namespace

Walk::Walk(const Configuration& configuration, const Request& request, Memory& memory)
    : m_config(configuration), m_request(request), m_memory(memory) {}

// FetchDescriptor, with HandleExternalTTWAbort: an abort is synchronous, and belongs to the walk
Walk::Fetched Walk::FetchDescriptor(bool ee, FullAddress where, unsigned size, FaultRecord fault,
                                    unsigned stage, int level) {
  m_memory.of_stage(stage);
  const std::optional<Memory::Bytes> bytes = m_memory.read(where.address, size, where.space);
  DescriptorRead read{where.address, where.space, stage, level, 0, !bytes.has_value(), std::nullopt};
  if (bytes.has_value()) {
    read.value = from_memory(*bytes, size, ee);
  } else {
    fault.statuscode = Status::external_abort;
  }
  m_answer.reads.push_back(read);
  return {fault, read.value};
}

// AArch64.MemSwapTableDesc. `descriptor` of the result differs from new_desc where memory held another value.
Walk::Fetched Walk::MemSwapTableDesc(FaultRecord fault, uint64_t prev_desc, uint64_t new_desc, bool ee,
                                     FullAddress where, unsigned stage) {
  m_memory.of_stage(stage);
  const Swap swap = m_memory.compare_and_swap(where.address, 8, where.space, to_memory(prev_desc, 8, ee),
                                              to_memory(new_desc, 8, ee));
  m_answer.updates.push_back({where.address, where.space, stage, prev_desc, new_desc, swap, std::nullopt});
  switch (swap) {
    case Swap::done:
      return {fault, new_desc};
    case Swap::differs:
      return {fault, prev_desc};
    case Swap::external_abort:
      fault.statuscode = Status::external_abort;
      return {fault, prev_desc};
    default:
      fault.statuscode = Status::unsupported_atomic;  // Fault_HWUpdateAccessFlag
      return {fault, prev_desc};
  }
}

void Walk::retry() {
  if (++m_retries > 1000) throw std::runtime_error("naive: compare_and_swap says 'differs' without end");
}

// ---------------------------------------------------------------------------------------------------------
// the request

AccessDescriptor Walk::request_access() const {
  AccessDescriptor accdesc;
  accdesc.acctype = m_request.access == Access::execute ? AccType::ifetch : AccType::data;
  accdesc.read = m_request.access == Access::read || m_request.access == Access::atomic;
  accdesc.write = m_request.access == Access::write || m_request.access == Access::atomic;
  accdesc.unprivileged = !m_request.privileged;
  return accdesc;
}

// CreateAccDescS1TTW
AccessDescriptor Walk::CreateAccDescS1TTW(const AccessDescriptor& accdesc) {
  return {AccType::ttw, true, false, accdesc.unprivileged};
}

// CreateAccDescTTEUpdate: a read and a write
AccessDescriptor Walk::CreateAccDescTTEUpdate(const AccessDescriptor& accdesc) {
  return {AccType::ttw, true, true, accdesc.unprivileged};
}

bool Walk::updates_allowed() const {
  if (!m_request.side_effects) return false;
  return m_request.access != Access::none || m_config.choices.none_updates_access_flag;
}

// NoFault(accdesc): WnR starts as that of the request
FaultRecord Walk::no_fault() const {
  const AccessDescriptor accdesc = request_access();
  FaultRecord fault;
  fault.write = accdesc.write && !accdesc.read;
  return fault;
}

Fault Walk::fault_answer(const FaultRecord& fault) const {
  Fault answer;
  switch (fault.statuscode) {
    case Status::translation:
      answer.kind = FaultKind::translation;
      break;
    case Status::address_size:
      answer.kind = FaultKind::address_size;
      break;
    case Status::access_flag:
      answer.kind = FaultKind::access_flag;
      break;
    case Status::permission:
      answer.kind = FaultKind::permission;
      break;
    case Status::domain:
      answer.kind = FaultKind::domain;
      break;
    case Status::external_abort:
      answer.kind = FaultKind::external_abort;
      break;
    case Status::unsupported_atomic:
      answer.kind = FaultKind::unsupported_atomic;
      break;
    case Status::none:
      throw std::logic_error("naive: a fault without a status");
  }
  answer.stage = fault.secondstage ? 2 : 1;
  answer.level = fault.level;
  answer.s2fs1walk = fault.s2fs1walk;
  answer.write = fault.write;
  answer.va = m_request.address;
  if (fault.secondstage) {
    answer.ipa = fault.ipaddress.address;
    answer.ipa_space = fault.ipaddress.space;
  }
  answer.domain = fault.domain;
  answer.by_configuration = fault.by_configuration;
  return answer;
}

// The part of S1Translate and S2Translate that a fetch from Device memory is subject to
MemoryAttributes Walk::attributes_for_fetch(const MemoryAttributes& memattrs, AccType acctype) const {
  if (acctype == AccType::ifetch && memattrs.memtype == MemType::device &&
      m_config.choices.execute_from_device_is_normal_nc) {
    return NormalNCMemAttr(memattrs.shareability);
  }
  return memattrs;
}

// AArch32.S2Translate chooses between the formats; AArch64.S1Walk may only meet the 64-bit one
Stage2Output Walk::S2Translate(const AddressDescriptor& ipa, const AccessDescriptor& accdesc,
                               bool s1aarch64) {
  if (const auto* long_format = std::get_if<Stage2_LD>(&m_config.stage2)) {
    if (s1aarch64) throw std::invalid_argument("naive: VMSAv8-64 stage 1 on an AArch32 stage 2");
    return AArch32_S2Translate(*long_format, ipa, accdesc);
  }
  return AArch64_S2Translate(std::get<Stage2_64>(m_config.stage2), ipa, accdesc, s1aarch64);
}

// ------------------------------------------------------------------------------------------------------ the
// two stages

namespace {

Rights both(const Rights& a, const Rights& b) {
  return {a.read && b.read, a.write && b.write, a.execute && b.execute};
}

}  // namespace

// AArch64.FullTranslate and AArch32.FullTranslate
Answer Walk::FullTranslate() {
  const AccessDescriptor accdesc = request_access();

  if (const auto* mali = std::get_if<Mali>(&m_config.stage1)) {
    if (stage2_translates()) throw std::invalid_argument("naive: Mali has no stage 2");
    Mali_Translate(*mali);
    return m_answer;
  }

  Translation translation;
  AddressDescriptor ipa;
  Permissions s1_permissions{{true, true, true}, {true, true, true}};
  // AArch32 stage 1 widens what VTCR_EL2.T0SZ may be; the SMMU does not look at stage 1 (IHI 0070 5.2,
  // STE.S2T0SZ)
  bool s1aarch64 = true;

  if (std::holds_alternative<std::monostate>(m_config.stage1)) {
    if (!stage2_translates()) throw std::invalid_argument("naive: no stage translates");
    ipa.paddress.address = m_request.address;
    ipa.memattrs = S1DecodeMemAttrs(m_request.input_attributes, m_request.input_shareability);
    if (const auto* s2 = std::get_if<Stage2_64>(&m_config.stage2)) {
      ipa.paddress.space = s2->secure.has_value() ? m_request.input_space : s2->space;
    }
    // Only the format of stage 2 itself matters then: an IPA for AArch32 stage 2 is looked at by AArch32
    // rules
    s1aarch64 = std::holds_alternative<Stage2_64>(m_config.stage2);
  } else {
    Stage1Output s1;
    if (const auto* vmsa64 = std::get_if<Stage1_64>(&m_config.stage1)) {
      if (stage2_translates() && vmsa64->regime != Regime::el1_0) {
        throw std::invalid_argument("naive: only EL1&0 has a stage 2");
      }
      s1 = AArch64_S1Translate(*vmsa64, accdesc);
    } else if (const auto* ld = std::get_if<Stage1_LD>(&m_config.stage1)) {
      if (ld->regime != Regime::el1_0 && ld->regime != Regime::el2) {
        throw std::invalid_argument("naive: AArch32 long descriptors are for EL1&0 and EL2");
      }
      if (stage2_translates() && ld->regime != Regime::el1_0) {
        throw std::invalid_argument("naive: only EL1&0 has a stage 2");
      }
      s1 = AArch32_S1TranslateLD(*ld, accdesc);
      s1aarch64 = false;
    } else {
      s1 = AArch32_S1TranslateSD(std::get<Stage1_SD>(m_config.stage1), accdesc);
      s1aarch64 = false;
    }
    if (s1.fault.statuscode != Status::none) {
      m_answer.outcome = fault_answer(s1.fault);
      return m_answer;
    }
    ipa = s1.ipa;
    s1_permissions = s1.result.permissions;
    translation.nG = s1.nG;
    translation.domain = s1.domain;
    translation.stage1 = s1.result;
  }

  AddressDescriptor pa = ipa;
  translation.permissions = s1_permissions;
  if (stage2_translates() && !m_request.stage2_for_walks_only) {
    Stage2Output s2 = S2Translate(ipa, accdesc, s1aarch64);
    if (s2.fault.statuscode != Status::none) {
      m_answer.outcome = fault_answer(s2.fault);
      return m_answer;
    }
    pa = s2.pa;
    translation.permissions.privileged = both(s1_permissions.privileged, s2.result.permissions.privileged);
    translation.permissions.unprivileged =
        both(s1_permissions.unprivileged, s2.result.permissions.unprivileged);
    translation.stage2 = s2.result;
  }

  translation.address = pa.paddress.address;
  translation.space = pa.paddress.space;
  translation.attributes = EncodePARAttrs(pa.memattrs);
  translation.shareability = EffectiveShareability(pa.memattrs);  // PAREncodeShareability
  translation.attributes_unpredictable = pa.memattrs.unpredictable;
  translation.shift = 64;
  for (const std::optional<StageResult>* stage : {&translation.stage1, &translation.stage2}) {
    if (stage->has_value() && (*stage)->shift < translation.shift) translation.shift = (*stage)->shift;
  }
  m_answer.outcome = translation;
  return m_answer;
}

Answer translate(const Configuration& configuration, const Request& request, Memory& memory) {
  return Walk(configuration, request, memory).FullTranslate();
}

uint64_t ttbr_of_address(uint64_t address, bool form_52bit) {
  if (!form_52bit) return keep(address, 47, 1);
  return keep(address, 47, 6) | (bits(address, 51, 48) << 2);
}

}  // namespace naive
