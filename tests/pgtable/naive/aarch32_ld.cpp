// SPDX-License-Identifier: MIT
//
// AArch32 long descriptors: stage 1 (EL1&0 and Hyp) and stage 2. 4 KiB granule, 40-bit output, no hardware
// updates.
#include "walk.h"

namespace naive {

static constexpr unsigned GRANULEBITS = 12;
static constexpr unsigned STRIDE = 9;

static unsigned index_lsb(int level) { return unsigned(FINAL_LEVEL - level) * STRIDE + GRANULEBITS; }

// AArch32.DecodeDescriptorTypeLD
DescriptorType AArch32_DecodeDescriptorTypeLD(uint64_t descriptor, int level) {
  const unsigned type = unsigned(bits(descriptor, 1, 0));
  if (level == FINAL_LEVEL) return type == 0b11 ? DescriptorType::leaf : DescriptorType::invalid;
  if (type == 0b11) return DescriptorType::table;
  if (type == 0b01) return DescriptorType::leaf;
  return DescriptorType::invalid;
}

// -------------------------------------------------------------------------------------------------------------
// stage 1

struct Walk::LDState {
  int start_level = 0;
  int level = 0;
  unsigned indexmsb = 0;
  FullAddress baseaddress;
  bool hpd = false;
  bool ap_table_1 = false, ap_table_0 = false, xn_table = false, pxn_table = false;
};

// The rights part of AArch32.S1LDHasPermissionsFault, for one privilege
static Rights ld_rights(const Stage1_LD& registers, bool unprivileged, bool ap_2, bool ap_1, bool ap_table_1,
                        bool ap_table_0, bool xn, bool pxn) {
  Rights p, u;
  if (registers.regime == Regime::el2) {
    p.read = true;
    p.write = !ap_2 && !ap_table_1;
    p.execute = !(xn || (p.write && registers.WXN));
    return p;
  }
  p.read = true;
  p.write = !ap_2;
  u.read = ap_1;
  u.write = ap_1 && !ap_2;
  if (ap_table_0) {
    u.read = false;
    u.write = false;
  }
  if (ap_table_1) {
    p.write = false;
    u.write = false;
  }
  u.execute = u.read && !(xn || (u.write && registers.WXN));
  p.execute = p.read && !(xn || pxn || (p.write && registers.WXN) || (u.write && registers.UWXN));
  if (registers.PAN && (u.read || u.write)) {
    p.read = false;
    p.write = false;
  }
  if (registers.DIPAN && (u.read || u.write || u.execute)) p = {false, false, false};
  return unprivileged ? u : p;
}

/// Permission fault or not. The pseudocode looks at write before read, and at only one of them; an access
/// that does both needs both here.
static FaultRecord check_rights(const Choices& choices, const Rights& rights, bool device,
                                const AccessDescriptor& accdesc, FaultRecord fault) {
  if (accdesc.acctype == AccType::ifetch) {
    if ((device && choices.execute_from_device_faults) || !rights.execute)
      fault.statuscode = Status::permission;
    return fault;
  }
  if (accdesc.read && !rights.read) {
    fault.statuscode = Status::permission;
    fault.write = false;
  } else if (accdesc.write && !rights.write) {
    fault.statuscode = Status::permission;
    fault.write = true;
  }
  return fault;
}

// The end of AArch32.S1WalkLD, then AArch32.S1TranslateLD
Stage1Output Walk::ld_leaf(const Stage1_LD& registers, const AccessDescriptor& accdesc, const LDState& state,
                           FaultRecord fault, uint64_t descriptor) {
  Stage1Output output;
  output.fault = fault;
  if (!is_zero(descriptor, 47, registers.output_bits)) {
    output.fault.statuscode = Status::address_size;
    return output;
  }
  if (!bit(descriptor, 10) && !registers.AFFD) {
    output.fault.statuscode = Status::access_flag;
    return output;
  }
  const unsigned size = index_lsb(state.level);
  const bool contiguous = bit(descriptor, 52);
  const bool secure_table = state.baseaddress.space == Space::secure;

  if (registers.regime == Regime::el2) {
    output.nG = false;
  } else if (registers.space == Space::secure && !secure_table) {
    output.nG = true;
  } else {
    output.nG = bit(descriptor, 11);
  }
  const uint64_t leafbase = keep(descriptor, 39, size);
  output.ipa.paddress.address =
      StageOA(m_config.choices, m_request.address, leafbase, TGx::kb4, state.level, contiguous);
  output.ipa.paddress.space = secure_table && !bit(descriptor, 5) ? Space::secure : Space::non_secure;

  // AArch32.MAIRAttr
  const uint64_t mair = (uint64_t{registers.MAIR1} << 32) | registers.MAIR0;
  const unsigned attrindx = unsigned(bits(descriptor, 4, 2));
  const uint8_t attr = static_cast<uint8_t>(bits(mair, 8 * attrindx + 7, 8 * attrindx));
  const MemoryAttributes leaf_memattrs =
      S1DecodeMemAttrs(attr, DecodeShareability(m_config.choices, unsigned(bits(descriptor, 9, 8))));

  StageResult& result = output.result;
  for (bool unprivileged : {false, true}) {
    (unprivileged ? result.permissions.unprivileged : result.permissions.privileged) = ld_rights(
        registers, unprivileged, bit(descriptor, 7), bit(descriptor, 6), state.ap_table_1, state.ap_table_0,
        bit(descriptor, 54) || state.xn_table, bit(descriptor, 53) || state.pxn_table);
  }
  // SIF: IHI 0070 6.3.57.2, SCR_EL3.SIF
  if (registers.SIF && registers.space == Space::secure && output.ipa.paddress.space == Space::non_secure) {
    result.permissions.privileged.execute = false;
    result.permissions.unprivileged.execute = false;
  }
  const bool device = leaf_memattrs.memtype == MemType::device;
  output.fault =
      check_rights(m_config.choices,
                   accdesc.unprivileged ? result.permissions.unprivileged : result.permissions.privileged,
                   device, accdesc, output.fault);
  if (output.fault.statuscode != Status::none) return output;

  output.ipa.memattrs = attributes_for_fetch(leaf_memattrs, accdesc.acctype);
  if (!stage2_translates() || m_config.choices.effective_shareability_at_stage1) {
    output.ipa.memattrs.shareability = EffectiveShareability(output.ipa.memattrs);
  }
  result.start_level = state.start_level;
  result.leaf_level = state.level;
  result.shift = size;
  result.contiguous = contiguous;
  result.contiguous_shift = size + (contiguous ? ContiguousSize(TGx::kb4, state.level) : 0);
  result.output = output.ipa.paddress.address;
  result.descriptor = descriptor;
  result.attributes = EncodePARAttrs(leaf_memattrs);
  result.shareability = EffectiveShareability(leaf_memattrs);
  return output;
}

// AArch32.S1WalkLD: one step of its loop, and by recursion the rest
Stage1Output Walk::ld_walk_level(const Stage1_LD& registers, const AccessDescriptor& accdesc, LDState state) {
  Stage1Output output;
  output.fault = no_fault();
  output.fault.level = state.level;

  const unsigned indexlsb = index_lsb(state.level);
  FullAddress where = state.baseaddress;
  where.address |= bits(m_request.address, state.indexmsb, indexlsb) << 3;
  const uint64_t walkipa = where.address;
  if (registers.regime == Regime::el1_0 && stage2_translates()) {
    const AddressDescriptor walkaddress{where, NormalNCMemAttr(Shareability::non_shareable)};
    const Stage2Output s2 = S2Translate(walkaddress, CreateAccDescS1TTW(accdesc), false);
    if (s2.fault.statuscode != Status::none) {
      output.fault = s2.fault;
      return output;
    }
    where = s2.pa.paddress;
  }
  const Fetched fetched = FetchDescriptor(registers.EE, where, 8, output.fault, 1, state.level);
  if (stage2_translates()) m_answer.reads.back().ipa = walkipa;
  if (fetched.fault.statuscode != Status::none) {
    output.fault = fetched.fault;
    return output;
  }
  const uint64_t descriptor = fetched.descriptor;
  switch (AArch32_DecodeDescriptorTypeLD(descriptor, state.level)) {
    case DescriptorType::invalid:
      output.fault.statuscode = Status::translation;
      return output;
    case DescriptorType::leaf:
      return ld_leaf(registers, accdesc, state, output.fault, descriptor);
    case DescriptorType::table:
      break;
  }
  if (!is_zero(descriptor, 47, registers.output_bits)) {
    output.fault.statuscode = Status::address_size;
    return output;
  }
  LDState next = state;
  next.level = state.level + 1;
  next.indexmsb = indexlsb - 1;
  next.baseaddress.address = keep(descriptor, 39, 12);
  if (bit(descriptor, 63)) next.baseaddress.space = Space::non_secure;
  if (!state.hpd) {
    if (bit(descriptor, 62)) next.ap_table_1 = true;
    if (bit(descriptor, 61)) next.ap_table_0 = true;
    if (bit(descriptor, 60)) next.xn_table = true;
    if (bit(descriptor, 59)) next.pxn_table = true;
  }
  return ld_walk_level(registers, accdesc, next);
}

// AArch32.S1TranslateLD, AArch32.VAIsOutOfRange, AArch32.GetVARange, and AArch32.S1WalkLD up to its loop
Stage1Output Walk::AArch32_S1TranslateLD(const Stage1_LD& registers, const AccessDescriptor& accdesc) {
  Stage1Output output;
  output.fault = no_fault();
  output.fault.level = 1;
  const uint64_t va = m_request.address;
  const unsigned lo_iasize = 32 - registers.T0SZ;
  const unsigned up_iasize = 32 - registers.T1SZ;
  auto in_lower = [&] { return registers.T0SZ == 0 || is_zero(va, 31, lo_iasize); };
  auto in_upper = [&] { return registers.T1SZ == 0 || is_ones(va, 31, up_iasize); };

  bool out_of_range = !is_zero(va, 63, 32);  // IHI 0070 3.4: an input address of more than 32 bits
  bool upper = false;
  if (registers.regime == Regime::el2) {
    out_of_range = out_of_range || !in_lower();
  } else if (registers.T0SZ != 0 && registers.T1SZ != 0) {
    out_of_range = out_of_range || (!in_lower() && !in_upper());
    upper = !in_lower();
  } else if (registers.T1SZ != 0) {
    upper = in_upper();
  } else if (registers.T0SZ != 0) {
    upper = !in_lower();
  }
  if (out_of_range) {
    output.fault.statuscode = Status::translation;
    return output;
  }
  const bool epd = registers.regime != Regime::el2 && (upper ? registers.EPD1 : registers.EPD0);
  if (epd) {
    output.fault.statuscode = Status::translation;
    return output;
  }
  const uint64_t ttbr = upper ? registers.TTBR1 : registers.TTBR0;
  const unsigned iasize = upper ? up_iasize : lo_iasize;
  if (!is_zero(ttbr, 47, registers.output_bits)) {
    output.fault.statuscode = Status::address_size;
    output.fault.level = 0;
    output.fault.by_configuration = true;
    return output;
  }
  LDState state;
  state.start_level = StartLevelOfInput(iasize, TGx::kb4);
  state.level = state.start_level;
  state.indexmsb = iasize - 1;
  state.hpd = upper ? registers.HPD1 : registers.HPD0;
  const unsigned baselsb = iasize - index_lsb(state.level) + 3;
  state.baseaddress.address = keep(ttbr, 39, baselsb);
  const bool nscfg = upper ? registers.NSCFG1 : registers.NSCFG0;
  state.baseaddress.space = registers.space == Space::secure && !nscfg ? Space::secure : Space::non_secure;
  return ld_walk_level(registers, accdesc, state);
}

// -------------------------------------------------------------------------------------------------------------
// stage 2

// AArch32.S2StartLevel, AArch32.S2InconsistentSL
std::optional<StartLevel> stage2_start(const Stage2_LD& stage2) {
  if (stage2.SL0 >= 0b10) return std::nullopt;
  const int level = 2 - int(stage2.SL0);
  const unsigned iasize = unsigned(32 - stage2.T0SZ);
  const unsigned min_iasize = index_lsb(level) + 1;
  const unsigned one_table = index_lsb(level) + STRIDE;
  const unsigned max_iasize = one_table + 4;
  if (iasize < min_iasize || iasize > max_iasize) return std::nullopt;
  return StartLevel{level, iasize > one_table ? 1u << (iasize - one_table) : 1u};
}

// The rights part of AArch32.S2HasPermissionsFault
static Rights ld_s2_rights(bool xnx_implemented, uint64_t descriptor, bool unprivileged) {
  Rights rights;
  rights.read = bit(descriptor, 6);
  rights.write = bit(descriptor, 7);
  const bool xn = bit(descriptor, 54);
  const bool xnx = xnx_implemented && bit(descriptor, 53);
  const bool may = unprivileged ? !xn : xn == xnx;
  rights.execute = may && rights.read;  // unlike VMSAv8-64: no execution without read
  return rights;
}

// The end of AArch32.S2Walk, then AArch32.S2Translate
Stage2Output Walk::ld_s2_leaf(const Stage2_LD& registers, const AddressDescriptor& ipa,
                              const AccessDescriptor& accdesc, int level, unsigned indexlsb,
                              FaultRecord fault, uint64_t descriptor) {
  Stage2Output output;
  output.fault = fault;
  if (!is_zero(descriptor, 47, registers.output_bits)) {
    output.fault.statuscode = Status::address_size;
    return output;
  }
  if (!bit(descriptor, 10) && !registers.AFFD) {
    output.fault.statuscode = Status::access_flag;
    return output;
  }
  const bool contiguous = bit(descriptor, 52);
  const Shareability sh = DecodeShareability(m_config.choices, unsigned(bits(descriptor, 9, 8)));
  const MemoryAttributes memattrs = S2DecodeMemAttrs(m_config.choices, unsigned(bits(descriptor, 5, 2)), sh);
  const bool device = memattrs.memtype == MemType::device;

  StageResult& result = output.result;
  result.permissions.privileged = ld_s2_rights(registers.XNX, descriptor, false);
  result.permissions.unprivileged = ld_s2_rights(registers.XNX, descriptor, true);
  const Rights& rights =
      accdesc.unprivileged ? result.permissions.unprivileged : result.permissions.privileged;
  if (accdesc.acctype == AccType::ttw) {
    if ((registers.PTW && device) || !rights.read) output.fault.statuscode = Status::permission;
  } else {
    output.fault = check_rights(m_config.choices, rights, device, accdesc, output.fault);
  }
  if (output.fault.statuscode != Status::none) return output;

  output.pa.memattrs = S2CombineS1MemAttrs(ipa.memattrs, attributes_for_fetch(memattrs, accdesc.acctype));
  output.pa.paddress.space = Space::non_secure;
  output.pa.paddress.address = StageOA(m_config.choices, ipa.paddress.address, keep(descriptor, 39, indexlsb),
                                       TGx::kb4, level, contiguous);
  result.leaf_level = level;
  result.shift = indexlsb;
  result.contiguous = contiguous;
  result.contiguous_shift = indexlsb + (contiguous ? ContiguousSize(TGx::kb4, level) : 0);
  result.output = output.pa.paddress.address;
  result.descriptor = descriptor;
  result.attributes = EncodePARAttrs(memattrs);
  result.shareability = EffectiveShareability(memattrs);
  return output;
}

// AArch32.S2Translate, AArch32.IPAIsOutOfRange, AArch32.S2Walk
Stage2Output Walk::AArch32_S2Translate(const Stage2_LD& registers, const AddressDescriptor& ipa,
                                       const AccessDescriptor& accdesc) {
  Stage2Output output;
  FaultRecord fault = no_fault();
  fault.secondstage = true;
  fault.s2fs1walk = accdesc.acctype == AccType::ttw;
  fault.ipaddress = ipa.paddress;
  fault.level = 1;

  // The pseudocode asserts that an IPA has 40 bits at most; here a longer one is out of range
  const unsigned iasize = unsigned(32 - registers.T0SZ);
  if (!is_zero(ipa.paddress.address, 63, iasize < 40 ? iasize : 40)) {
    fault.statuscode = Status::translation;
    output.fault = fault;
    return output;
  }
  const std::optional<StartLevel> start = stage2_start(registers);
  if (!start.has_value()) {
    fault.statuscode = Status::translation;
    fault.by_configuration = true;
    output.fault = fault;
    return output;
  }
  if (!is_zero(registers.VTTBR, 47, registers.output_bits)) {
    fault.statuscode = Status::address_size;
    fault.level = 0;
    fault.by_configuration = true;
    output.fault = fault;
    return output;
  }
  FullAddress base;
  base.address = keep(registers.VTTBR, 39, iasize - index_lsb(start->level) + 3);
  unsigned indexmsb = iasize - 1;
  for (int level = start->level;; level++) {
    fault.level = level;
    const unsigned indexlsb = index_lsb(level);
    FullAddress where = base;
    where.address |= bits(ipa.paddress.address, indexmsb, indexlsb) << 3;
    const Fetched fetched = FetchDescriptor(registers.EE, where, 8, fault, 2, level);
    output.fault = fetched.fault;
    if (output.fault.statuscode != Status::none) return output;
    const uint64_t descriptor = fetched.descriptor;
    switch (AArch32_DecodeDescriptorTypeLD(descriptor, level)) {
      case DescriptorType::invalid:
        output.fault.statuscode = Status::translation;
        return output;
      case DescriptorType::leaf:
        output = ld_s2_leaf(registers, ipa, accdesc, level, indexlsb, fault, descriptor);
        output.result.start_level = start->level;
        output.result.concatenated_tables = start->tables;
        return output;
      case DescriptorType::table:
        break;
    }
    if (!is_zero(descriptor, 47, registers.output_bits)) {
      output.fault.statuscode = Status::address_size;
      return output;
    }
    base.address = keep(descriptor, 39, 12);
    indexmsb = indexlsb - 1;
  }
}

}  // namespace naive
