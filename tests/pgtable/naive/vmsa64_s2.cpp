// SPDX-License-Identifier: MIT
//
// VMSAv8-64 stage 2.
#include "walk.h"

namespace naive {

/// S2TTWParams
struct Walk::S2TTWParams {
  Space space = Space::non_secure;  // of the tables
  TGx tgx = TGx::kb4;
  unsigned txsz = 0;
  unsigned sl0 = 0;
  unsigned ps = 0;
  unsigned sh = 0;
  int startlevel = 0;
  bool sl2 = false, ha = false, hd = false, affd = false, ptw = false, fwb = false, ds = false, ee = false,
       xnx = false;
  uint64_t ttbr = 0;
};

/// TTWState of a leaf
struct Walk::S2TTWState {
  int level = 0;
  FullAddress baseaddress;
  MemoryAttributes memattrs;  // with FWB: already combined with those of stage 1
  bool s2ap_1 = false, s2ap_0 = false, s2xn = false, s2xnx = false;
  bool contiguous = false;
};

struct Walk::S2WalkResult {
  FaultRecord fault;
  FullAddress descaddress;
  S2TTWState state;
  uint64_t descriptor = 0;
};

namespace {

// AArch64.S2DecodeTG0
TGx S2DecodeTG0(unsigned tg0) {
  switch (tg0) {
    case 0b00:
      return TGx::kb4;
    case 0b01:
      return TGx::kb64;
    case 0b10:
      return TGx::kb16;
    default:
      throw std::invalid_argument("naive: reserved stage 2 TG0");
  }
}

struct StartFields {
  TGx tgx = TGx::kb4;
  unsigned txsz = 0;
  unsigned sl0 = 0;
  bool sl2 = false;
  bool ds = false;
};

StartFields start_fields(const Stage2_64& registers) {
  StartFields fields;
  fields.tgx = S2DecodeTG0(registers.TG0);
  fields.txsz = registers.T0SZ;
  fields.sl0 = registers.SL0;
  fields.ds = registers.DS && fields.tgx != TGx::kb64;
  fields.sl2 = registers.SL2 && registers.DS && fields.tgx == TGx::kb4;
  return fields;
}

// AArch64.S2StartLevel
int S2StartLevel(const StartFields& fields) {
  switch (fields.tgx) {
    case TGx::kb4:
      if (fields.sl2) return -1;
      if (fields.sl0 == 0b00) return 2;
      if (fields.sl0 == 0b01) return 1;
      if (fields.sl0 == 0b10) return 0;
      return 3;
    case TGx::kb16:
    case TGx::kb64:
      break;
  }
  return FINAL_LEVEL - int(fields.sl0);
}

// AArch64.S2InvalidSL
bool S2InvalidSL(const System& system, const StartFields& fields) {
  switch (fields.tgx) {
    case TGx::kb4:
      if (fields.sl2) return fields.sl0 != 0b00;
      if (fields.sl0 == 0b10) return system.PAMax < 44;
      if (fields.sl0 == 0b11) return !system.TTST;
      return false;
    case TGx::kb16:
      if (fields.sl0 == 0b11) return !fields.ds;
      if (fields.sl0 == 0b10) return system.PAMax < 42;
      return false;
    default:
      if (fields.sl0 == 0b11) return true;
      if (fields.sl0 == 0b10) return system.PAMax < 44;
      return false;
  }
}

// AArch64.S2InconsistentSL: a table that starts at this level resolves at least one bit, at most four more
// than one table can (sixteen concatenated tables)
bool S2InconsistentSL(TGx tgx, int startlevel, unsigned iasize) {
  const unsigned granulebits = TGxGranuleBits(tgx);
  const unsigned stride = granulebits - 3;
  const unsigned min_iasize = unsigned(FINAL_LEVEL - startlevel) * stride + granulebits + 1;
  const unsigned max_iasize = min_iasize + (stride - 1) + 4;
  return iasize < min_iasize || iasize > max_iasize;
}

// AArch64.S2MinTxSZ; IHI 0070 5.2 STE.S2T0SZ
unsigned S2MinTxSZ(const System& system, bool ds, TGx tgx, bool s1aarch64) {
  unsigned ips = system.PAMax;
  const unsigned limit = tgx != TGx::kb64 && !ds ? 48 : 52;
  if (ips > limit) ips = limit;
  unsigned min_txsz = 64 - ips;
  if ((!s1aarch64 || system.have_aarch32) && min_txsz > 24) min_txsz = 24;
  return min_txsz;
}

unsigned concatenated(TGx tgx, int startlevel, unsigned iasize) {
  const unsigned one_table = TranslationSize(tgx, startlevel) + (TGxGranuleBits(tgx) - 3);
  return iasize > one_table ? 1u << (iasize - one_table) : 1u;
}

}  // namespace

// The two IPA spaces of a Secure stream: IHI 0070 3.10.2.2
Stage2_64 stage2_of_ipa(const Stage2_64& stage2, Space ipa_space) {
  if (!stage2.secure.has_value()) return stage2;
  const Stage2_64::Secure& secure = *stage2.secure;
  Stage2_64 effective = stage2;
  effective.secure.reset();
  const bool non_secure_walk = ipa_space == Space::secure ? secure.SW : secure.NSW;
  effective.space = non_secure_walk ? Space::non_secure : Space::secure;
  if (ipa_space == Space::secure) {
    effective.T0SZ = secure.T0SZ;
    effective.TG0 = secure.TG0;
    effective.SL0 = secure.SL0;
    effective.SL2 = secure.SL2;
    effective.VTTBR = secure.VTTBR;
  }
  return effective;
}

// The space of the output: IHI 0070 3.10.2.2, 13.4.4
static Space s2_output_space(const Stage2_64& stage2, Space ipa_space) {
  if (!stage2.secure.has_value()) return stage2.space;
  const Stage2_64::Secure& secure = *stage2.secure;
  bool ns = secure.SW || secure.SA;
  if (ipa_space == Space::non_secure) ns = ns || secure.NSW || secure.NSA;
  return ns ? Space::non_secure : Space::secure;
}

std::optional<StartLevel> stage2_start(const System& system, const Choices& choices,
                                       const Stage2_64& stage2) {
  StartFields fields = start_fields(stage2);
  if (fields.txsz < S2MinTxSZ(system, fields.ds, fields.tgx, true)) return std::nullopt;
  const unsigned maxtxsz = AArch64_MaxTxSZ(system, fields.tgx);
  if (fields.txsz > maxtxsz) {
    if (choices.oversized_txsz_faults) return std::nullopt;
    fields.txsz = maxtxsz;
  }
  if (S2InvalidSL(system, fields)) return std::nullopt;
  const int level = S2StartLevel(fields);
  if (S2InconsistentSL(fields.tgx, level, 64 - fields.txsz)) return std::nullopt;
  return StartLevel{level, concatenated(fields.tgx, level, 64 - fields.txsz)};
}

// AArch64.S2DirectBasePermissions, for one privilege
static Rights S2ComputePermissions(bool s2ap_1, bool s2ap_0, bool s2xn, bool s2xnx, bool unprivileged) {
  Rights rights;
  rights.read = s2ap_0;
  rights.write = s2ap_1;
  // XN[1:0]: 0b00 all execute, 0b01 EL0 only, 0b10 none, 0b11 EL1 only
  const bool px = s2xn == s2xnx;
  const bool ux = !s2xn;
  rights.execute = unprivileged ? ux : px;
  return rights;
}

// AArch64.S2CheckPermissions
FaultRecord Walk::S2CheckPermissions(const S2TTWParams& walkparams, const S2TTWState& state,
                                     const AccessDescriptor& accdesc, FaultRecord fault) const {
  const Rights rights =
      S2ComputePermissions(state.s2ap_1, state.s2ap_0, state.s2xn, state.s2xnx, accdesc.unprivileged);
  const bool device = state.memattrs.memtype == MemType::device;
  switch (accdesc.acctype) {
    case AccType::ttw:
      if (walkparams.ptw && device) {
        fault.statuscode = Status::permission;
      } else if (!rights.read) {
        fault.statuscode = Status::permission;
      } else if (accdesc.write && !rights.write) {
        fault.statuscode = Status::permission;
      }
      break;
    case AccType::ifetch:
      if ((device && m_config.choices.execute_from_device_faults) || !rights.execute) {
        fault.statuscode = Status::permission;
      }
      break;
    case AccType::data:
      if (accdesc.read && !rights.read) {
        fault.statuscode = Status::permission;
        fault.write = false;
      } else if (accdesc.write && !rights.write) {
        fault.statuscode = Status::permission;
        fault.write = true;
      }
      break;
  }
  return fault;
}

// AArch64.S2ApplyFWBMemAttrs
static MemoryAttributes S2ApplyFWBMemAttrs(const MemoryAttributes& s1, unsigned s2_attr, Shareability s2_sh) {
  MemoryAttributes memattrs;
  if (!bit(s2_attr, 2)) {
    // Device, of the more restrictive type
    const DeviceType s2_device = DeviceType(bits(s2_attr, 1, 0));
    memattrs.memtype = MemType::device;
    memattrs.device = s1.memtype == MemType::device ? S2CombineS1Device(s1.device, s2_device) : s2_device;
  } else if (bits(s2_attr, 1, 0) == 0b11) {
    memattrs = s1;
  } else if (bits(s2_attr, 1, 0) == 0b10) {
    // Normal Write-Back; hints of stage 1 where it has some
    auto half = [&s1](const MemAttrHints& of_s1) -> MemAttrHints {
      if (s1.memtype == MemType::normal && of_s1.attrs != MemAttr::NC) {
        return {MemAttr::WB, of_s1.hints, of_s1.transient};
      }
      return {MemAttr::WB, 0b11, false};
    };
    memattrs.memtype = MemType::normal;
    memattrs.inner = half(s1.inner);
    memattrs.outer = half(s1.outer);
  } else if (s1.memtype == MemType::device) {
    memattrs = s1;
  } else {
    memattrs = NormalNCMemAttr(Shareability::non_shareable);
  }
  memattrs.unpredictable = s1.unpredictable || bits(s2_attr, 2, 0) == 0b100;  // reserved
  memattrs.shareability = S2CombineS1Shareability(s1.shareability, s2_sh);
  memattrs.shareability = EffectiveShareability(memattrs);
  return memattrs;
}

// AArch64.S2NextWalkStateLeaf with AArch64.S2ApplyOutputPerms, then the checks that end AArch64.S2Walk
Walk::S2WalkResult Walk::s2_walk_leaf(const S2TTWParams& walkparams, const AddressDescriptor& ipa, int level,
                                      uint64_t descriptor, FullAddress descaddress, FaultRecord fault) {
  const System& system = m_config.system;
  const Choices& choices = m_config.choices;
  S2TTWState leaf;
  leaf.level = level;
  leaf.baseaddress.address = AArch64_LeafBase(system, descriptor, walkparams.ds, walkparams.tgx, level);

  leaf.s2ap_1 = bit(descriptor, 7);
  leaf.s2ap_0 = bit(descriptor, 6);
  leaf.s2xn = bit(descriptor, 54);
  leaf.s2xnx = walkparams.xnx && bit(descriptor, 53);
  if (walkparams.ha && walkparams.hd && bit(descriptor, 51)) leaf.s2ap_1 = true;

  const unsigned s2_attr = unsigned(bits(descriptor, 5, 2));
  const Shareability s2_sh = walkparams.ds ? DecodeWalkShareability(walkparams.sh)
                                           : DecodeShareability(choices, unsigned(bits(descriptor, 9, 8)));
  leaf.memattrs = walkparams.fwb ? S2ApplyFWBMemAttrs(ipa.memattrs, s2_attr, s2_sh)
                                 : S2DecodeMemAttrs(choices, s2_attr, s2_sh);
  leaf.contiguous = AArch64_ContiguousBit(descriptor, walkparams.tgx, level);

  const unsigned iasize = 64 - walkparams.txsz;
  const unsigned contiguous_bits =
      TranslationSize(walkparams.tgx, level) + (leaf.contiguous ? ContiguousSize(walkparams.tgx, level) : 0);
  const uint64_t oa = StageOA(choices, ipa.paddress.address, leaf.baseaddress.address, walkparams.tgx, level,
                              leaf.contiguous);
  if (leaf.contiguous && contiguous_bits > iasize && choices.contiguous_beyond_input_faults) {
    fault.statuscode = Status::translation;
  } else if (level < FINAL_LEVEL && bit(descriptor, 16) && choices.block_nT_faults) {
    fault.statuscode = Status::translation;
  } else if (OAOutOfRange(system, oa, walkparams.ps)) {
    fault.statuscode = Status::address_size;
  } else if (!bit(descriptor, 10) && !walkparams.ha && !walkparams.affd) {
    fault.statuscode = Status::access_flag;  // IHI 0070 5.2 STE.S2AFFD
  }
  return {fault, descaddress, leaf, descriptor};
}

// AArch64.S2Walk: one step of its loop, and by recursion the rest
Walk::S2WalkResult Walk::s2_walk_level(const S2TTWParams& walkparams, const AddressDescriptor& ipa, int level,
                                       FullAddress descaddress, FaultRecord fault) {
  const System& system = m_config.system;
  fault.level = level;
  const Fetched fetched = FetchDescriptor(walkparams.ee, descaddress, 8, fault, 2, level);
  if (fetched.fault.statuscode != Status::none) return {fetched.fault, descaddress, {}, 0};
  const uint64_t descriptor = fetched.descriptor;

  switch (AArch64_DecodeDescriptorType(system, descriptor, walkparams.ds, walkparams.tgx, level)) {
    case DescriptorType::invalid:
      fault.statuscode = Status::translation;
      return {fault, descaddress, {}, descriptor};
    case DescriptorType::leaf:
      return s2_walk_leaf(walkparams, ipa, level, descriptor, descaddress, fault);
    case DescriptorType::table:
      break;
  }
  // AArch64.S2NextWalkStateTable, AArch64.TTEntryAddress
  const unsigned lsb = TranslationSize(walkparams.tgx, level + 1);
  const unsigned stride = TGxGranuleBits(walkparams.tgx) - 3;
  FullAddress next;
  next.space = walkparams.space;
  next.address = AArch64_NextTableBase(system, descriptor, walkparams.ds, walkparams.tgx);
  next.address |= bits(ipa.paddress.address, lsb + stride - 1, lsb) << 3;
  if (OAOutOfRange(system, next.address, walkparams.ps)) {
    fault.statuscode = Status::address_size;
    return {fault, descaddress, {}, descriptor};
  }
  return s2_walk_level(walkparams, ipa, level + 1, next, fault);
}

// AArch64.S2Walk up to its loop, with AArch64.S2InitialTTWState and AArch64.S2SLTTEntryAddress
Walk::S2WalkResult Walk::AArch64_S2Walk(const S2TTWParams& walkparams, const AddressDescriptor& ipa,
                                        FaultRecord fault) {
  const unsigned iasize = 64 - walkparams.txsz;
  FullAddress descaddress;
  descaddress.space = walkparams.space;
  descaddress.address =
      AArch64_TTBaseAddress(m_config.system, m_config.choices, walkparams.ttbr, iasize, walkparams.startlevel,
                            walkparams.tgx, walkparams.ps, walkparams.ds);
  // The index has up to four bits more than one table: concatenated tables
  const unsigned lsb = TranslationSize(walkparams.tgx, walkparams.startlevel);
  descaddress.address |= bits(ipa.paddress.address, iasize - 1, lsb) << 3;
  if (OAOutOfRange(m_config.system, descaddress.address, walkparams.ps)) {
    fault.statuscode = Status::address_size;
    fault.level = 0;
    fault.by_configuration = true;
    return {fault, descaddress, {}, 0};
  }
  return s2_walk_level(walkparams, ipa, walkparams.startlevel, descaddress, fault);
}

// AArch64.S2Translate
Stage2Output Walk::AArch64_S2Translate(const Stage2_64& whole, const AddressDescriptor& ipa,
                                       const AccessDescriptor& accdesc, bool s1aarch64) {
  const Stage2_64 registers = stage2_of_ipa(whole, ipa.paddress.space);
  const System& system = m_config.system;
  const Choices& choices = m_config.choices;

  // AArch64.NSS2TTWParams
  const StartFields fields = start_fields(registers);
  S2TTWParams walkparams;
  walkparams.space = registers.space;
  walkparams.tgx = fields.tgx;
  walkparams.txsz = fields.txsz;
  walkparams.sl0 = fields.sl0;
  walkparams.sl2 = fields.sl2;
  walkparams.ds = fields.ds;
  walkparams.ps = registers.PS;
  walkparams.sh = registers.SH0;
  walkparams.ha = registers.HA;
  walkparams.hd = registers.HD;
  walkparams.affd = registers.AFFD;
  walkparams.ptw = registers.PTW;
  walkparams.fwb = registers.FWB;
  walkparams.ee = registers.EE;
  walkparams.xnx = registers.XNX;
  walkparams.ttbr = registers.VTTBR;

  Stage2Output output;
  FaultRecord fault = no_fault();
  fault.secondstage = true;
  fault.s2fs1walk = accdesc.acctype == AccType::ttw;
  fault.ipaddress = ipa.paddress;

  // AArch64.S2TxSZFaults; IHI 0070 5.2 STE.S2T0SZ: such an STE is ILLEGAL
  const unsigned maxtxsz = AArch64_MaxTxSZ(system, walkparams.tgx);
  bool illegal = walkparams.txsz < S2MinTxSZ(system, walkparams.ds, walkparams.tgx, s1aarch64);
  if (walkparams.txsz > maxtxsz) {
    if (choices.oversized_txsz_faults) illegal = true;
    walkparams.txsz = maxtxsz;
  }
  const unsigned iasize = 64 - walkparams.txsz;
  if (!illegal) {
    illegal = S2InvalidSL(system, fields) || S2InconsistentSL(walkparams.tgx, S2StartLevel(fields), iasize);
  }
  if (illegal) {
    fault.statuscode = Status::translation;
    fault.by_configuration = true;
    output.fault = fault;
    return output;
  }
  walkparams.startlevel = S2StartLevel(fields);
  // AArch64.IPAIsOutOfRange
  if (!is_zero(ipa.paddress.address, 63, iasize)) {
    fault.statuscode = Status::translation;
    output.fault = fault;
    return output;
  }

  S2WalkResult walk;
  while (true) {
    walk = AArch64_S2Walk(walkparams, ipa, fault);
    if (walk.fault.statuscode != Status::none) {
      output.fault = walk.fault;
      return output;
    }
    FaultRecord checked = S2CheckPermissions(walkparams, walk.state, accdesc, walk.fault);

    uint64_t new_desc = walk.descriptor;
    const bool may_set_af =
        checked.statuscode == Status::none || choices.permission_fault_updates_access_flag;
    if (walkparams.ha && may_set_af) new_desc |= uint64_t{1} << 10;
    if (checked.statuscode == Status::none && walkparams.ha && walkparams.hd && bit(walk.descriptor, 51) &&
        accdesc.write) {
      new_desc |= uint64_t{1} << 7;
    }
    output.fault = checked;
    if (new_desc == walk.descriptor || !updates_allowed()) break;

    const Fetched swapped =
        MemSwapTableDesc(checked, walk.descriptor, new_desc, walkparams.ee, walk.descaddress, 2);
    output.fault = swapped.fault;
    if (swapped.fault.statuscode == Status::external_abort ||
        swapped.fault.statuscode == Status::unsupported_atomic) {
      return output;
    }
    if (swapped.descriptor == new_desc) {
      walk.descriptor = new_desc;
      break;
    }
    retry();
  }
  if (output.fault.statuscode != Status::none) return output;

  const S2TTWState& leaf = walk.state;
  const MemoryAttributes s2_memattrs = attributes_for_fetch(leaf.memattrs, accdesc.acctype);
  output.pa.memattrs = walkparams.fwb ? s2_memattrs : S2CombineS1MemAttrs(ipa.memattrs, s2_memattrs);
  output.pa.paddress.space = s2_output_space(whole, ipa.paddress.space);
  output.pa.paddress.address = StageOA(choices, ipa.paddress.address, leaf.baseaddress.address,
                                       walkparams.tgx, leaf.level, leaf.contiguous);

  StageResult& result = output.result;
  result.start_level = walkparams.startlevel;
  result.concatenated_tables = concatenated(walkparams.tgx, walkparams.startlevel, iasize);
  result.leaf_level = leaf.level;
  result.shift = TranslationSize(walkparams.tgx, leaf.level);
  result.contiguous = leaf.contiguous;
  result.contiguous_shift = result.shift + (leaf.contiguous ? ContiguousSize(walkparams.tgx, leaf.level) : 0);
  result.output = output.pa.paddress.address;
  result.descriptor = walk.descriptor;
  result.attributes = EncodePARAttrs(leaf.memattrs);
  result.shareability = EffectiveShareability(leaf.memattrs);
  for (bool unprivileged : {false, true}) {
    (unprivileged ? result.permissions.unprivileged : result.permissions.privileged) =
        S2ComputePermissions(leaf.s2ap_1, leaf.s2ap_0, leaf.s2xn, leaf.s2xnx, unprivileged);
  }
  result.writable_clean =
      walkparams.ha && walkparams.hd && bit(walk.descriptor, 51) && !bit(walk.descriptor, 7);
  return output;
}

}  // namespace naive
