// SPDX-License-Identifier: MIT
//
// VMSAv8-64 stage 1, and what the two 64-bit stages have in common.
#include "walk.h"

namespace naive {

// ------------------------------------------------------------------------------------------------- shared by
// the stages

// AArch64.PhysicalAddressSize. IHI 0070 5.4 CD.IPS: the effective size is capped to the OAS, and reserved
// values are taken as 52 bits. With FEAT_LPA2 the cap does not depend on the granule; without DS the
// descriptor is too narrow to reach beyond 48 bits anyway.
unsigned PhysicalAddressSize(const System& system, unsigned encoded_ps) {
  unsigned ps = 52;
  switch (encoded_ps) {
    case 0b000:
      ps = 32;
      break;
    case 0b001:
      ps = 36;
      break;
    case 0b010:
      ps = 40;
      break;
    case 0b011:
      ps = 42;
      break;
    case 0b100:
      ps = 44;
      break;
    case 0b101:
      ps = 48;
      break;
    default:
      break;
  }
  return ps < system.PAMax ? ps : system.PAMax;
}

bool OAOutOfRange(const System& system, uint64_t address, unsigned encoded_ps) {
  return !is_zero(address, 63, PhysicalAddressSize(system, encoded_ps));
}

unsigned AArch64_MaxTxSZ(const System& system, TGx tgx) {
  if (!system.TTST) return 39;
  return tgx == TGx::kb64 ? 47 : 48;
}

// AArch64.BlockDescSupported
static bool BlockDescSupported(const System& system, bool ds, TGx tgx, int level) {
  switch (tgx) {
    case TGx::kb4:
      return level == 2 || level == 1 || (level == 0 && ds);
    case TGx::kb16:
      return level == 2 || (level == 1 && ds);
    default:
      return level == 2 || (level == 1 && system.PAMax >= 52);
  }
}

DescriptorType AArch64_DecodeDescriptorType(const System& system, uint64_t descriptor, bool ds, TGx tgx,
                                            int level) {
  if (!bit(descriptor, 0)) return DescriptorType::invalid;
  if (bit(descriptor, 1)) return level == FINAL_LEVEL ? DescriptorType::leaf : DescriptorType::table;
  return BlockDescSupported(system, ds, tgx, level) ? DescriptorType::leaf : DescriptorType::invalid;
}

// Address bits [51:48] of a table, block or page descriptor
static uint64_t upper_address(const System& system, uint64_t descriptor, bool ds, TGx tgx) {
  if (tgx == TGx::kb64) {
    if (system.PAMax < 52) return 0;  // no FEAT_LPA: bits [15:12] are RES0
    return bits(descriptor, 15, 12) << 48;
  }
  if (ds) return (bits(descriptor, 9, 8) << 50) | (bits(descriptor, 49, 48) << 48);
  return 0;  // bits [49:48] are RES0
}

uint64_t AArch64_NextTableBase(const System& system, uint64_t descriptor, bool ds, TGx tgx) {
  return keep(descriptor, 47, TGxGranuleBits(tgx)) | upper_address(system, descriptor, ds, tgx);
}

uint64_t AArch64_LeafBase(const System& system, uint64_t descriptor, bool ds, TGx tgx, int level) {
  return keep(descriptor, 47, TranslationSize(tgx, level)) | upper_address(system, descriptor, ds, tgx);
}

bool AArch64_ContiguousBit(uint64_t descriptor, TGx tgx, int level) {
  if (tgx == TGx::kb64 && level == 1) return false;
  if (tgx == TGx::kb16 && level == 1) return false;
  if (tgx == TGx::kb4 && level == 0) return false;
  return bit(descriptor, 52);
}

uint64_t AArch64_TTBaseAddress(const System& system, const Choices& choices, uint64_t ttbr, unsigned iasize,
                               int startlevel, TGx tgx, unsigned encoded_ps, bool ds) {
  const unsigned granulebits = TGxGranuleBits(tgx);
  const unsigned stride = granulebits - 3;
  const unsigned levels = unsigned(FINAL_LEVEL - startlevel);
  // log2 of the starting table's bytes, concatenated tables included
  unsigned tsize = iasize - (levels * stride + granulebits) + 3;
  uint64_t base = 0;
  if ((system.PAMax >= 52 && tgx == TGx::kb64 && encoded_ps >= 0b110) || ds) {
    if (tsize < 6) tsize = 6;
    base = keep(ttbr, 47, 6) | (bits(ttbr, 5, 2) << 48);
  } else {
    base = keep(ttbr, 47, 1);
  }
  if (choices.align_64_if_output_is_52bit && PhysicalAddressSize(system, encoded_ps) == 52 && tsize < 6)
    tsize = 6;
  return keep(base, 63, tsize);
}

uint64_t StageOA(const Choices& choices, uint64_t ia, uint64_t leafbase, TGx tgx, int level,
                 bool contiguous) {
  unsigned ia_bits = TranslationSize(tgx, level);
  if (contiguous && choices.contiguous_extends_output) ia_bits += ContiguousSize(tgx, level);
  return keep(leafbase, 63, ia_bits) | keep(ia, ia_bits - 1, 0);
}

// -------------------------------------------------------------------------------------------------------------
// stage 1

/// S1TTWParams: the registers, reduced to the range that the address falls in
struct Walk::S1TTWParams {
  Regime regime = Regime::el1_0;
  bool upper = false;  // VARange_UPPER
  Space ss = Space::non_secure;
  Space start_space = Space::non_secure;
  TGx tgx = TGx::kb4;
  unsigned txsz = 0;
  unsigned ps = 0;
  unsigned sh = 0;
  bool tbi = false, epd = false, e0pd = false, hpd = false, ds = false;
  bool wxn = false, pan = false, epan = false, ha = false, hd = false, affd = false, ee = false;
  bool dipan = false, sif = false;
  uint64_t ttbr = 0;
  uint64_t mair = 0;
};

/// TTWState
struct Walk::S1TTWState {
  int start_level = 0;
  int level = 0;
  FullAddress baseaddress;  // of the table, then of the leaf
  bool ap_table_1 = false, ap_table_0 = false, uxn_table = false, pxn_table = false, xn_table = false;
  bool ap_2 = false, ap_1 = false, uxn = false, pxn = false, xn = false;
  MemoryAttributes memattrs;
  bool contiguous = false;
  bool nG = false;
};

struct Walk::S1WalkResult {
  FaultRecord fault;
  FullAddress descaddress;  // of the leaf: an IPA where stage 2 translates
  S1TTWState state;
  uint64_t descriptor = 0;
};

namespace {

bool HasUnprivileged(Regime regime) { return regime == Regime::el1_0 || regime == Regime::el2_0; }

// AArch64.S1DecodeTG0
TGx DecodeTG0(unsigned tg0) {
  switch (tg0) {
    case 0b00:
      return TGx::kb4;
    case 0b01:
      return TGx::kb64;
    case 0b10:
      return TGx::kb16;
    default:
      throw std::invalid_argument("naive: reserved TG0");
  }
}

// AArch64.S1DecodeTG1
TGx DecodeTG1(unsigned tg1) {
  switch (tg1) {
    case 0b01:
      return TGx::kb16;
    case 0b10:
      return TGx::kb4;
    case 0b11:
      return TGx::kb64;
    default:
      throw std::invalid_argument("naive: reserved TG1");
  }
}

// AArch64.S1MinTxSZ; IHI 0070 5.4 CD.T0SZ makes DS, too, depend on 52-bit VAs
unsigned S1MinTxSZ(const System& system, bool ds, TGx tgx) {
  if (system.have_52bit_va && (ds || tgx == TGx::kb64)) return 12;
  return 16;
}

}  // namespace

// AArch64.GetS1TTWParams: S1TTWParamsEL10, ...EL20, ...EL2, ...EL3
Walk::S1TTWParams Walk::GetS1TTWParams(const Stage1_64& registers) const {
  S1TTWParams params;
  params.regime = registers.regime;
  // AArch64.GetVARange: bit 55 decides, whatever TBI says; EL2 and EL3 have one range
  params.upper = HasUnprivileged(registers.regime) && bit(m_request.address, 55);
  params.ss = registers.space;
  params.start_space = registers.space;
  bool nscfg = false;
  // IHI 0070 5.4 CD.TG0: a reserved encoding does not matter where EPDx keeps the table from being walked
  if (!params.upper) {
    if (!registers.EPD0 || !HasUnprivileged(registers.regime)) params.tgx = DecodeTG0(registers.TG0);
    params.txsz = registers.T0SZ;
    params.sh = registers.SH0;
    params.tbi = registers.TBI0;
    params.epd = registers.EPD0;
    params.e0pd = registers.E0PD0;
    params.hpd = registers.HPD0;
    params.ttbr = registers.TTBR0;
    nscfg = registers.NSCFG0;
  } else {
    if (!registers.EPD1) params.tgx = DecodeTG1(registers.TG1);
    params.txsz = registers.T1SZ;
    params.sh = registers.SH1;
    params.tbi = registers.TBI1;
    params.epd = registers.EPD1;
    params.e0pd = registers.E0PD1;
    params.hpd = registers.HPD1;
    params.ttbr = registers.TTBR1;
    nscfg = registers.NSCFG1;
  }
  // IHI 0070 5.4 CD.NSCFG0: only Secure streams look at it
  if (registers.space == Space::secure && nscfg) params.start_space = Space::non_secure;
  params.sif = registers.SIF && registers.space == Space::secure;
  params.ps = registers.IPS;
  params.wxn = registers.WXN;
  params.ha = registers.HA;
  params.hd = registers.HD;
  params.affd = registers.AFFD;
  params.ee = registers.EE;
  params.mair = registers.MAIR;
  // DS is for 4 and 16 KiB granules
  params.ds = registers.DS && params.tgx != TGx::kb64;
  if (HasUnprivileged(registers.regime)) {
    params.pan = registers.PAN;
    params.dipan = registers.DIPAN;
    params.epan = registers.EPAN;
  } else {
    params.epd = false;   // IHI 0070 5.4 CD.EPD0: ignored
    params.e0pd = false;  // RES0
  }
  return params;
}

// AArch64.S1DirectBasePermissions and AArch64.S1ComputePermissions, for one privilege
static Rights S1ComputePermissions(Regime regime, bool wxn_enabled, bool pan_enabled, bool epan_enabled,
                                   bool dipan_enabled, bool unprivileged, bool ap_2, bool ap_1,
                                   bool ap_table_1, bool ap_table_0, bool uxn, bool pxn, bool xn) {
  Rights result;
  if (HasUnprivileged(regime)) {
    Rights p, u;
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
    // What EL0 may write, EL1 may not execute
    p.execute = !(pxn || u.write);
    u.execute = !uxn;
    if (pan_enabled && (u.read || u.write || (epan_enabled && u.execute))) {
      p.read = false;
      p.write = false;
    }
    if (dipan_enabled && (u.read || u.write || u.execute)) p = {false, false, false};
    result = unprivileged ? u : p;
  } else {
    // IHI 0070 13.4.1: AP[1] and the privilege of the access do not matter here
    result.read = true;
    result.write = !ap_2 && !ap_table_1;
    result.execute = !xn;
  }
  if (wxn_enabled && result.write) result.execute = false;
  return result;
}

// The whole of what stage 1 grants. SIF: IHI 0070 6.3.57.2, SCR_EL3.SIF
Rights Walk::s1_rights(const S1TTWParams& walkparams, const S1TTWState& state, bool unprivileged) {
  Rights rights = S1ComputePermissions(walkparams.regime, walkparams.wxn, walkparams.pan, walkparams.epan,
                                       walkparams.dipan, unprivileged, state.ap_2, state.ap_1,
                                       state.ap_table_1, state.ap_table_0, state.uxn || state.uxn_table,
                                       state.pxn || state.pxn_table, state.xn || state.xn_table);
  if (walkparams.sif && state.baseaddress.space == Space::non_secure) rights.execute = false;
  return rights;
}

// AArch64.S1CheckPermissions
FaultRecord Walk::S1CheckPermissions(const S1TTWParams& walkparams, const S1TTWState& state,
                                     const AccessDescriptor& accdesc, FaultRecord fault) const {
  const Rights rights = s1_rights(walkparams, state, accdesc.unprivileged);
  if (accdesc.acctype == AccType::ifetch) {
    const bool device = state.memattrs.memtype == MemType::device;
    if ((device && m_config.choices.execute_from_device_faults) || !rights.execute) {
      fault.statuscode = Status::permission;
    }
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

// AArch64.S1NextWalkStateLeaf with AArch64.S1ApplyOutputPerms, then the checks that end AArch64.S1Walk
Walk::S1WalkResult Walk::s1_walk_leaf(const S1TTWParams& walkparams, const S1TTWState& table,
                                      FaultRecord fault, uint64_t descriptor, FullAddress descaddress) {
  const System& system = m_config.system;
  const Choices& choices = m_config.choices;
  S1TTWState leaf = table;

  leaf.baseaddress.address = AArch64_LeafBase(system, descriptor, walkparams.ds, walkparams.tgx, table.level);
  const bool secure_table = table.baseaddress.space == Space::secure;
  leaf.baseaddress.space = secure_table && !bit(descriptor, 5) ? Space::secure : Space::non_secure;

  const unsigned attrindx = unsigned(bits(descriptor, 4, 2));
  const uint8_t attr = static_cast<uint8_t>(bits(walkparams.mair, 8 * attrindx + 7, 8 * attrindx));
  // With DS bits [9:8] hold address bits, and the shareability is that of the register
  const Shareability sh = walkparams.ds ? DecodeWalkShareability(walkparams.sh)
                                        : DecodeShareability(choices, unsigned(bits(descriptor, 9, 8)));
  leaf.memattrs = S1DecodeMemAttrs(attr, sh);

  leaf.ap_2 = bit(descriptor, 7);
  if (HasUnprivileged(walkparams.regime)) {
    leaf.ap_1 = bit(descriptor, 6);
    leaf.uxn = bit(descriptor, 54);
    leaf.pxn = bit(descriptor, 53);
  } else {
    leaf.ap_1 = true;
    leaf.xn = bit(descriptor, 54);
  }
  // Writable-clean counts as writable
  if (walkparams.ha && walkparams.hd && bit(descriptor, 51)) leaf.ap_2 = false;

  leaf.contiguous = AArch64_ContiguousBit(descriptor, walkparams.tgx, table.level);
  if (!HasUnprivileged(walkparams.regime)) {
    leaf.nG = false;
  } else if (walkparams.ss == Space::secure && !secure_table) {
    leaf.nG = true;
  } else {
    leaf.nG = bit(descriptor, 11);
  }

  const unsigned iasize = 64 - walkparams.txsz;
  const unsigned contiguous_bits = TranslationSize(walkparams.tgx, leaf.level) +
                                   (leaf.contiguous ? ContiguousSize(walkparams.tgx, leaf.level) : 0);
  const uint64_t oa = StageOA(choices, m_request.address, leaf.baseaddress.address, walkparams.tgx,
                              leaf.level, leaf.contiguous);
  if (leaf.contiguous && contiguous_bits > iasize && choices.contiguous_beyond_input_faults) {
    fault.statuscode = Status::translation;  // AArch64.ContiguousBitFaults
  } else if (leaf.level < FINAL_LEVEL && bit(descriptor, 16) && choices.block_nT_faults) {
    fault.statuscode = Status::translation;  // AArch64.BlocknTFaults
  } else if (OAOutOfRange(system, oa, walkparams.ps)) {
    fault.statuscode = Status::address_size;
  } else if (!bit(descriptor, 10) && !walkparams.ha && !walkparams.affd) {
    fault.statuscode = Status::access_flag;  // IHI 0070 5.4 CD.AFFD: AF counts as 1
  }
  return {fault, descaddress, leaf, descriptor};
}

// AArch64.S1Walk: one step of its loop, and by recursion the rest
Walk::S1WalkResult Walk::s1_walk_level(const S1TTWParams& walkparams, const AccessDescriptor& accdesc,
                                       S1TTWState state, FullAddress descaddress) {
  const System& system = m_config.system;
  FaultRecord fault = no_fault();
  fault.level = state.level;

  FullAddress physical = descaddress;
  if (walkparams.regime == Regime::el1_0 && stage2_translates()) {
    const AddressDescriptor walkaddress{descaddress, NormalNCMemAttr(Shareability::non_shareable)};
    const Stage2Output s2 = S2Translate(walkaddress, CreateAccDescS1TTW(accdesc), true);
    if (s2.fault.statuscode != Status::none) return {s2.fault, descaddress, state, 0};
    physical = s2.pa.paddress;
  }
  const Fetched fetched = FetchDescriptor(walkparams.ee, physical, 8, fault, 1, state.level);
  if (stage2_translates()) m_answer.reads.back().ipa = descaddress.address;
  if (fetched.fault.statuscode != Status::none) return {fetched.fault, descaddress, state, 0};
  const uint64_t descriptor = fetched.descriptor;

  switch (AArch64_DecodeDescriptorType(system, descriptor, walkparams.ds, walkparams.tgx, state.level)) {
    case DescriptorType::invalid:
      fault.statuscode = Status::translation;
      return {fault, descaddress, state, descriptor};
    case DescriptorType::leaf:
      return s1_walk_leaf(walkparams, state, fault, descriptor, descaddress);
    case DescriptorType::table:
      break;
  }

  // AArch64.S1NextWalkStateTable
  S1TTWState next = state;
  next.level = state.level + 1;
  next.baseaddress.address = AArch64_NextTableBase(system, descriptor, walkparams.ds, walkparams.tgx);
  if (state.baseaddress.space == Space::secure && bit(descriptor, 63))
    next.baseaddress.space = Space::non_secure;
  // AArch64.S1ApplyTablePerms
  if (!walkparams.hpd) {
    if (bit(descriptor, 62)) next.ap_table_1 = true;
    if (HasUnprivileged(walkparams.regime)) {
      if (bit(descriptor, 61)) next.ap_table_0 = true;
      if (bit(descriptor, 60)) next.uxn_table = true;
      if (bit(descriptor, 59)) next.pxn_table = true;
    } else {
      if (bit(descriptor, 60)) next.xn_table = true;
    }
  }
  // AArch64.TTEntryAddress
  const unsigned lsb = TranslationSize(walkparams.tgx, next.level);
  const unsigned stride = TGxGranuleBits(walkparams.tgx) - 3;
  FullAddress next_descaddress = next.baseaddress;
  next_descaddress.address |= bits(m_request.address, lsb + stride - 1, lsb) << 3;
  if (OAOutOfRange(system, next_descaddress.address, walkparams.ps)) {
    fault.statuscode = Status::address_size;  // at the level of the descriptor that holds the address
    return {fault, descaddress, next, descriptor};
  }
  return s1_walk_level(walkparams, accdesc, next, next_descaddress);
}

// AArch64.S1Walk up to its loop, with AArch64.S1InitialTTWState and AArch64.S1SLTTEntryAddress
Walk::S1WalkResult Walk::AArch64_S1Walk(const S1TTWParams& walkparams, const AccessDescriptor& accdesc) {
  S1WalkResult result;
  result.fault = no_fault();
  if (walkparams.epd) {
    result.fault.statuscode = Status::translation;
    result.fault.level = 0;
    return result;
  }
  const unsigned iasize = 64 - walkparams.txsz;
  S1TTWState state;
  state.start_level = StartLevelOfInput(iasize, walkparams.tgx);
  state.level = state.start_level;
  state.baseaddress.space = walkparams.start_space;
  state.baseaddress.address =
      AArch64_TTBaseAddress(m_config.system, m_config.choices, walkparams.ttbr, iasize, state.start_level,
                            walkparams.tgx, walkparams.ps, walkparams.ds);
  const unsigned lsb = TranslationSize(walkparams.tgx, state.level);
  FullAddress descaddress = state.baseaddress;
  descaddress.address |= bits(m_request.address, iasize - 1, lsb) << 3;
  if (OAOutOfRange(m_config.system, descaddress.address, walkparams.ps)) {
    result.fault.statuscode = Status::address_size;
    result.fault.level = 0;
    result.fault.by_configuration = true;
    return result;
  }
  return s1_walk_level(walkparams, accdesc, state, descaddress);
}

// AArch64.VAIsOutOfRange, AArch64.AddrTop
static bool VAIsOutOfRange(uint64_t va, Regime regime, bool upper, bool tbi, unsigned txsz) {
  const unsigned addrtop = tbi ? 55 : 63;
  const unsigned iasize = 64 - txsz;
  if (addrtop < iasize) return false;
  if (HasUnprivileged(regime) && upper) return !is_ones(va, addrtop, iasize);
  return !is_zero(va, addrtop, iasize);
}

// AArch64.S1Translate
Stage1Output Walk::AArch64_S1Translate(const Stage1_64& registers, const AccessDescriptor& accdesc) {
  Stage1Output output;
  S1TTWParams walkparams = GetS1TTWParams(registers);
  FaultRecord fault = no_fault();

  // AArch64.S1TxSZFaults. IHI 0070 5.4 CD.T0SZ: ignored with EPDx, else such a CD is ILLEGAL from SMMUv3.1
  // on.
  const unsigned maxtxsz = AArch64_MaxTxSZ(m_config.system, walkparams.tgx);
  if (walkparams.txsz < S1MinTxSZ(m_config.system, walkparams.ds, walkparams.tgx) ||
      (walkparams.txsz > maxtxsz && m_config.choices.oversized_txsz_faults)) {
    fault.statuscode = Status::translation;
    fault.by_configuration = !walkparams.epd;
    output.fault = fault;
    return output;
  }
  if (walkparams.txsz > maxtxsz) walkparams.txsz = maxtxsz;

  const bool e0pd = walkparams.e0pd && accdesc.unprivileged;
  if (VAIsOutOfRange(m_request.address, walkparams.regime, walkparams.upper, walkparams.tbi,
                     walkparams.txsz) ||
      e0pd) {
    fault.statuscode = Status::translation;
    output.fault = fault;
    return output;
  }

  S1WalkResult walk;
  while (true) {
    walk = AArch64_S1Walk(walkparams, accdesc);
    fault = walk.fault;
    if (fault.statuscode != Status::none) {
      output.fault = fault;
      return output;
    }
    fault = S1CheckPermissions(walkparams, walk.state, accdesc, fault);

    uint64_t new_desc = walk.descriptor;
    // AArch64.SettingAccessFlagPermitted
    const bool may_set_af =
        fault.statuscode == Status::none || m_config.choices.permission_fault_updates_access_flag;
    if (walkparams.ha && may_set_af) new_desc |= uint64_t{1} << 10;
    // AArch64.SettingDirtyStatePermitted
    if (fault.statuscode == Status::none && walkparams.ha && walkparams.hd && bit(walk.descriptor, 51) &&
        accdesc.write) {
      new_desc &= ~(uint64_t{1} << 7);
    }
    if (new_desc == walk.descriptor || !updates_allowed()) break;

    // IHI 0070 3.13.5: the update is a write, which stage 2 must allow
    FullAddress physical = walk.descaddress;
    if (walkparams.regime == Regime::el1_0 && stage2_translates()) {
      const AddressDescriptor descipaddr{walk.descaddress, NormalNCMemAttr(Shareability::non_shareable)};
      const Stage2Output s2 = S2Translate(descipaddr, CreateAccDescTTEUpdate(accdesc), true);
      if (s2.fault.statuscode != Status::none) {
        output.fault = s2.fault;
        return output;
      }
      physical = s2.pa.paddress;
    }
    const Fetched swapped = MemSwapTableDesc(fault, walk.descriptor, new_desc, walkparams.ee, physical, 1);
    if (stage2_translates()) m_answer.updates.back().ipa = walk.descaddress.address;
    if (swapped.fault.statuscode == Status::external_abort ||
        swapped.fault.statuscode == Status::unsupported_atomic) {
      output.fault = swapped.fault;
      return output;
    }
    if (swapped.descriptor == new_desc) {
      walk.descriptor = new_desc;
      break;
    }
    retry();
  }
  output.fault = fault;
  if (fault.statuscode != Status::none) return output;

  const S1TTWState& leaf = walk.state;
  MemoryAttributes memattrs = attributes_for_fetch(leaf.memattrs, accdesc.acctype);
  if (!stage2_translates() || m_config.choices.effective_shareability_at_stage1) {
    memattrs.shareability = EffectiveShareability(memattrs);
  }
  output.ipa.memattrs = memattrs;
  output.ipa.paddress.space = leaf.baseaddress.space;
  output.ipa.paddress.address = StageOA(m_config.choices, m_request.address, leaf.baseaddress.address,
                                        walkparams.tgx, leaf.level, leaf.contiguous);
  output.nG = leaf.nG;

  StageResult& result = output.result;
  result.start_level = leaf.start_level;
  result.leaf_level = leaf.level;
  result.shift = TranslationSize(walkparams.tgx, leaf.level);
  result.contiguous = leaf.contiguous;
  result.contiguous_shift = result.shift + (leaf.contiguous ? ContiguousSize(walkparams.tgx, leaf.level) : 0);
  result.output = output.ipa.paddress.address;
  result.descriptor = walk.descriptor;
  result.attributes = EncodePARAttrs(leaf.memattrs);
  result.shareability = EffectiveShareability(leaf.memattrs);
  for (bool unprivileged : {false, true}) {
    (unprivileged ? result.permissions.unprivileged : result.permissions.privileged) =
        s1_rights(walkparams, leaf, unprivileged);
  }
  result.writable_clean =
      walkparams.ha && walkparams.hd && bit(walk.descriptor, 51) && bit(walk.descriptor, 7);
  return output;
}

}  // namespace naive
