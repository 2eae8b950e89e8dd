// SPDX-License-Identifier: MIT
//
// AArch32 short descriptors: sections, supersections, large and small pages.
#include "walk.h"

namespace naive {

namespace {

enum class SDFType { invalid, table, section, supersection, large_page, small_page };

// AArch32.DecodeDescriptorTypeSD. Bit 0 of a section is PXN.
SDFType DecodeDescriptorTypeSD(uint32_t descriptor, int level) {
  const unsigned type = descriptor & 0b11;
  if (level == 1) {
    if (type == 0b00) return SDFType::invalid;
    if (type == 0b01) return SDFType::table;
    return bit(descriptor, 18) ? SDFType::supersection : SDFType::section;
  }
  if (type == 0b00) return SDFType::invalid;
  if (type == 0b01) return SDFType::large_page;
  return SDFType::small_page;
}

// AArch32.TranslationSizeSD
unsigned TranslationSizeSD(SDFType type) {
  switch (type) {
    case SDFType::small_page:
      return 12;
    case SDFType::large_page:
      return 16;
    case SDFType::section:
      return 20;
    default:
      return 24;
  }
}

/// What the leaf's fields say, wherever its format keeps them
struct Leaf {
  SDFType type = SDFType::invalid;
  int level = 1;
  uint64_t base = 0;
  unsigned ap = 0, tex = 0;
  bool c = false, b = false, s = false, nG = false, xn = false;
};

MemoryAttributes device(DeviceType type) {
  MemoryAttributes memattrs;
  memattrs.memtype = MemType::device;
  memattrs.device = type;
  memattrs.shareability = Shareability::outer_shareable;
  return memattrs;
}

MemoryAttributes normal(const MemAttrHints& outer, const MemAttrHints& inner, Shareability sh) {
  MemoryAttributes memattrs;
  memattrs.memtype = MemType::normal;
  memattrs.outer = outer;
  memattrs.inner = inner;
  memattrs.shareability = sh;
  if (outer.attrs == MemAttr::NC && inner.attrs == MemAttr::NC)
    memattrs.shareability = Shareability::outer_shareable;
  return memattrs;
}

MemoryAttributes reserved() {
  MemoryAttributes memattrs = NormalNCMemAttr(Shareability::outer_shareable);
  memattrs.unpredictable = true;
  return memattrs;
}

// AArch32.DefaultTEXDecode
MemoryAttributes DefaultTEXDecode(unsigned tex, bool c, bool b, bool s) {
  const Shareability sh = s ? Shareability::outer_shareable : Shareability::non_shareable;
  const MemAttrHints wt_ra{MemAttr::WT, 0b10, false};
  const MemAttrHints wb_ra{MemAttr::WB, 0b10, false};
  const MemAttrHints wb_rwa{MemAttr::WB, 0b11, false};
  const MemAttrHints nc{};
  const unsigned cb = (c ? 0b10u : 0u) | (b ? 0b01u : 0u);
  if (tex >= 0b100) return normal(DecodeSDFAttr(tex & 0b11), DecodeSDFAttr(cb), sh);
  if (tex == 0b000) {
    if (cb == 0b00) return device(DeviceType::nGnRnE);
    if (cb == 0b01) return device(DeviceType::nGnRE);
    if (cb == 0b10) return normal(wt_ra, wt_ra, sh);
    return normal(wb_ra, wb_ra, sh);
  }
  if (tex == 0b001) {
    if (cb == 0b00) return normal(nc, nc, Shareability::outer_shareable);
    if (cb == 0b11) return normal(wb_rwa, wb_rwa, sh);
    return reserved();  // 0b01 reserved, 0b10 IMPLEMENTATION DEFINED
  }
  if (tex == 0b010 && cb == 0b00) return device(DeviceType::nGnRE);
  return reserved();
}

// AArch32.RemappedTEXDecode
MemoryAttributes RemappedTEXDecode(const Stage1_SD& registers, unsigned tex, bool c, bool b, bool s) {
  const unsigned region = ((tex & 1) << 2) | (c ? 0b10u : 0u) | (b ? 0b01u : 0u);
  if (region == 6) return reserved();  // IMPLEMENTATION DEFINED
  const unsigned low = 2 * region;
  switch (bits(registers.PRRR, low + 1, low)) {
    case 0b00:
      return device(DeviceType::nGnRnE);
    case 0b01:
      return device(DeviceType::nGnRE);
    case 0b10:
      break;
    default:
      return reserved();  // Unpredictable_RESPRRR
  }
  const bool shareable = s ? bit(registers.PRRR, 19) : bit(registers.PRRR, 18);  // NS1, NS0
  const bool not_outer = bit(registers.PRRR, region + 24);                       // NOS<n>
  Shareability sh = Shareability::non_shareable;
  if (shareable) sh = not_outer ? Shareability::inner_shareable : Shareability::outer_shareable;
  const MemAttrHints inner = DecodeSDFAttr(unsigned(bits(registers.NMRR, low + 1, low)));
  const MemAttrHints outer = DecodeSDFAttr(unsigned(bits(registers.NMRR, low + 17, low + 16)));
  return normal(outer, inner, sh);
}

// The rights part of AArch32.S1SDHasPermissionsFault, for one privilege
Rights sd_rights(const Choices& choices, const Stage1_SD& registers, unsigned ap, bool xn, bool pxn,
                 bool unprivileged) {
  Rights p, u;
  if (registers.AFE) {
    // AP[2:1], AP[0] is the access flag
    p.read = true;
    p.write = !bit(ap, 2);
    u.read = bit(ap, 1);
    u.write = bit(ap, 1) && !bit(ap, 2);
  } else {
    if (ap == 0b100) ap = choices.reserved_short_ap;
    switch (ap) {
      case 0b001:
        p = {true, true, false};
        break;
      case 0b010:
        p = {true, true, false};
        u = {true, false, false};
        break;
      case 0b011:
        p = {true, true, false};
        u = {true, true, false};
        break;
      case 0b101:
        p = {true, false, false};
        break;
      case 0b110:
      case 0b111:
        p = {true, false, false};
        u = {true, false, false};
        break;
      default:
        break;  // 0b000: no access
    }
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

}  // namespace

// AArch32.S1TranslateSD with AArch32.S1WalkSD
Stage1Output Walk::AArch32_S1TranslateSD(const Stage1_SD& registers, const AccessDescriptor& accdesc) {
  const Choices& choices = m_config.choices;
  const uint64_t va = m_request.address;
  Stage1Output output;
  FaultRecord fault = no_fault();
  fault.level = 1;
  auto failed = [&](Status status) {
    fault.statuscode = status;
    output.fault = fault;
    return output;
  };
  if (!is_zero(va, 63, 32)) return failed(Status::translation);

  const bool lower = registers.N == 0 || is_zero(va, 31, 32 - registers.N);
  const unsigned n = lower ? registers.N : 0;
  if (lower ? registers.PD0 : registers.PD1) return failed(Status::translation);

  const Space start_space = registers.space;
  FullAddress where;
  where.space = start_space;
  where.address = keep(lower ? registers.TTBR0 : registers.TTBR1, 31, 14 - n) | (bits(va, 31 - n, 20) << 2);

  auto fetch = [&](int level) -> std::optional<uint32_t> {
    FullAddress physical = where;
    if (stage2_translates()) {
      const AddressDescriptor walkaddress{where, NormalNCMemAttr(Shareability::non_shareable)};
      const Stage2Output s2 = S2Translate(walkaddress, CreateAccDescS1TTW(accdesc), false);
      if (s2.fault.statuscode != Status::none) {
        fault = s2.fault;
        return std::nullopt;
      }
      physical = s2.pa.paddress;
    }
    const Fetched fetched = FetchDescriptor(registers.EE, physical, 4, fault, 1, level);
    if (stage2_translates()) m_answer.reads.back().ipa = where.address;
    if (fetched.fault.statuscode != Status::none) {
      fault = fetched.fault;
      return std::nullopt;
    }
    return static_cast<uint32_t>(fetched.descriptor);
  };

  std::optional<uint32_t> descriptor = fetch(1);
  if (!descriptor.has_value()) {
    output.fault = fault;
    return output;
  }
  Leaf leaf;
  leaf.type = DecodeDescriptorTypeSD(*descriptor, 1);
  std::optional<unsigned> domain;
  bool ns = false;
  bool pxn = false;

  if (leaf.type == SDFType::table) {
    domain = unsigned(bits(*descriptor, 8, 5));
    ns = bit(*descriptor, 3);
    pxn = bit(*descriptor, 2);
    where.address = keep(*descriptor, 31, 10) | (bits(va, 19, 12) << 2);
    fault.level = 2;
    fault.domain = domain;
    descriptor = fetch(2);
    if (!descriptor.has_value()) {
      output.fault = fault;
      return output;
    }
    leaf.level = 2;
    leaf.type = DecodeDescriptorTypeSD(*descriptor, 2);
  }

  const uint32_t d = *descriptor;
  switch (leaf.type) {
    case SDFType::table:
    case SDFType::invalid:
      return failed(Status::translation);
    case SDFType::small_page:
      leaf.nG = bit(d, 11);
      leaf.s = bit(d, 10);
      leaf.ap = (unsigned(bit(d, 9)) << 2) | unsigned(bits(d, 5, 4));
      leaf.tex = unsigned(bits(d, 8, 6));
      leaf.c = bit(d, 3);
      leaf.b = bit(d, 2);
      leaf.xn = bit(d, 0);
      leaf.base = keep(d, 31, 12);
      break;
    case SDFType::large_page:
      leaf.xn = bit(d, 15);
      leaf.tex = unsigned(bits(d, 14, 12));
      leaf.nG = bit(d, 11);
      leaf.s = bit(d, 10);
      leaf.ap = (unsigned(bit(d, 9)) << 2) | unsigned(bits(d, 5, 4));
      leaf.c = bit(d, 3);
      leaf.b = bit(d, 2);
      leaf.base = keep(d, 31, 16);
      break;
    case SDFType::section:
    case SDFType::supersection:
      ns = bit(d, 19);
      leaf.nG = bit(d, 17);
      leaf.s = bit(d, 16);
      leaf.ap = (unsigned(bit(d, 15)) << 2) | unsigned(bits(d, 11, 10));
      leaf.tex = unsigned(bits(d, 14, 12));
      leaf.xn = bit(d, 4);
      leaf.c = bit(d, 3);
      leaf.b = bit(d, 2);
      pxn = bit(d, 0);
      if (leaf.type == SDFType::section) {
        domain = unsigned(bits(d, 8, 5));
        leaf.base = keep(d, 31, 20);
      } else {
        domain = 0;
        leaf.base = (bits(d, 8, 5) << 36) | (bits(d, 23, 20) << 32) | keep(d, 31, 24);
      }
      break;
  }
  fault.domain = domain;
  if (!is_zero(leaf.base, 63, registers.output_bits)) return failed(Status::address_size);
  if (registers.AFE && !bit(leaf.ap, 0) && !registers.AFFD) return failed(Status::access_flag);

  const MemoryAttributes memattrs = registers.TRE
                                        ? RemappedTEXDecode(registers, leaf.tex, leaf.c, leaf.b, leaf.s)
                                        : DefaultTEXDecode(leaf.tex, leaf.c, leaf.b, leaf.s);

  // AArch32.OutputDomain
  unsigned dn = unsigned(bits(registers.DACR, 2 * *domain + 1, 2 * *domain));
  if (dn == 0b10) dn = choices.reserved_domain;
  if (dn == 0b00) return failed(Status::domain);

  StageResult& result = output.result;
  if (dn == 0b01) {
    result.permissions.privileged = sd_rights(choices, registers, leaf.ap, leaf.xn, pxn, false);
    result.permissions.unprivileged = sd_rights(choices, registers, leaf.ap, leaf.xn, pxn, true);
    const Rights& rights =
        accdesc.unprivileged ? result.permissions.unprivileged : result.permissions.privileged;
    bool fails = false;
    if (accdesc.acctype == AccType::ifetch) {
      fails = !rights.execute || (memattrs.memtype == MemType::device && choices.execute_from_device_faults);
    } else if (accdesc.read && !rights.read) {
      fails = true;
      fault.write = false;
    } else if (accdesc.write && !rights.write) {
      fails = true;
      fault.write = true;
    }
    if (fails) return failed(Status::permission);
  } else {
    // Manager: permissions are not checked, XN included
    result.permissions = {{true, true, true}, {true, true, true}};
  }
  output.fault = fault;  // none

  const unsigned size = TranslationSizeSD(leaf.type);
  output.ipa.memattrs = attributes_for_fetch(memattrs, accdesc.acctype);
  if (!stage2_translates() || choices.effective_shareability_at_stage1) {
    output.ipa.memattrs.shareability = EffectiveShareability(output.ipa.memattrs);
  }
  output.ipa.paddress.address = keep(leaf.base, 63, size) | keep(va, size - 1, 0);  // AArch32.SDStageOA
  output.ipa.paddress.space = registers.space == Space::secure && !ns ? Space::secure : Space::non_secure;
  output.nG = leaf.nG;
  output.domain = domain;
  result.start_level = 1;
  result.leaf_level = leaf.level;
  result.shift = size;
  result.contiguous_shift = size;
  result.output = output.ipa.paddress.address;
  result.descriptor = d;
  result.attributes = EncodePARAttrs(memattrs);
  result.shareability = EffectiveShareability(memattrs);
  return output;
}

}  // namespace naive
