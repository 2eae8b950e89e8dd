#include "smmuvp/smmuv2/path.h"

#include "smmuvp/smmuv2/faults.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

using pgtable::AddressSpace;
using pgtable::Rights;

namespace {

// An address that an upstream bus of UBS bits can carry: zero-extended, or of 49 bits sign-extended (1.6.4).
bool representable(std::uint64_t address, unsigned UBS) {
  if (UBS >= 64 || address >> UBS == 0) return true;
  return UBS == 49 && address >> 48U == 0xffffU;
}

void drop_execution(Rights& rights) {
  rights.bits &= static_cast<std::uint8_t>(~(Rights::privileged_execute | Rights::unprivileged_execute));
}

}  // namespace

void Path::take_stream(std::uint32_t S2CR, const Features& features) {
  stream = Override::from_translation(S2CR, features.DIPANS);
  pan = features.DIPANS && get(S2CR, S2CR_PRIVCFG) == 1;
  if (!secure) stream.NSCFG = 0;
}

void Path::take(const Context& c) {
  first = c.first;
  second = c.second;
  nested = c.nested;
  stage1 = c.stage1;
  stage1_on = c.stage1_on;
  stage2_on = c.stage2_on;
  short_descriptors = c.short_descriptors;
  VA64 = c.state.VA64;
  privileged_bank = c.state.HYPC || c.state.MONC;
  EPD0 = c.EPD0;
  second_VA64 = c.second_VA64;
  stage2_unwalkable = c.stage2_unwalkable;
  stage2_limit = c.stage2_limit;
  stage1_off = c.stage1_off;
  stage2_attributes = c.stage2_attributes;
}

smmu::FinishedAnswer Path::answer(const smmu::AccessRequest& request, const smmu::TlbEntry* entry,
                                  std::uint64_t output) const {
  smmu::FinishedAnswer a;
  a.privileged = privileged_bank ? smmu::AttributeRule::forced(true) : stream.privileged();
  a.instruction = stream.instruction();
  a.translated = entry != nullptr;
  a.output = entry != nullptr ? entry->output : output;
  a.rights.bits = entry != nullptr ? entry->rights.bits : Rights::all;
  a.of_default_attributes = true;
  // Attributes of stage 1, or of the input where nothing of it translates.
  pgtable::Attributes attributes = stream.attributes(request.attributes);
  a.space = secure ? stream.space(request.space) : AddressSpace::non_secure;
  if (stage1_on) {
    a.of_default_attributes = short_descriptors;
    attributes = short_descriptors ? with_transience_of(entry->attributes, attributes) : entry->attributes;
    if (secure) a.space = entry->space;
  } else if (stage1_off) {
    attributes = stage1_off->attributes(attributes);
    if (secure) a.space = stage1_off->space(a.space);
  }
  if (stage2_on) {
    // Of both stages the walk has combined all but allocation hints.
    attributes = stage1_on ? pgtable::with_allocation(attributes, entry->stage2_attributes.allocation)
                           : combine(attributes, entry->stage2_attributes);
  } else if (stage2_attributes) {
    attributes = combine(attributes, *stage2_attributes);
  }
  a.attributes = attributes;
  if (DIPAN() && entry->of_unprivileged) a.rights.bits = 0;
  if (SIF && a.space == AddressSpace::non_secure) drop_execution(a.rights);  // 3.7.1
  return a;
}

bool Path::refused(const smmu::AccessRequest& request, const smmu::FinishedAnswer& a) const {
  return !smmu::permits(a, request.kind, privileged(request), instruction(request));
}

AddressFault check_address(const Context& c, const Features& f, std::uint64_t& address) {
  const bool carried = representable(address, f.UBS);
  address &= low_bits(f.UBS);
  const int level = c.state.VA64 ? 0 : 1;
  if (!carried) return {fsr::UUT, false, 0, "the address has more bits than IDR2.UBS"};
  if (c.stage1) {
    if (!c.state.VA64 && address >> 32U != 0) {
      return {fsr::TF, false, 1, "the address has more than the 32 bits of AArch32 stage 1"};
    }
    if (c.sign_bit) {
      const unsigned sign = *c.sign_bit;
      if (address >> sign >> 1U != 0) return {fsr::TF, false, 0, "the address has bits above TCR2.SEP"};
      if ((address >> sign & 1U) != 0) address |= ~low_bits(sign);
    }
    if (c.stage1_unwalkable) return {fsr::TF, false, level, "TCR has what no stage 1 walk can have"};
    if (!c.stage1_on && address >> c.stage1_output != 0) {
      return {fsr::ASF, false, level, "stage 1 is off, and the address has more bits than its output"};
    }
    if (c.stage1_on || !c.nested) return {};
  }
  // The address is the input of stage 2.
  const bool VA64 = c.second_VA64;
  const int level2 = VA64 ? 0 : 1;
  if (!VA64 && address >> 40U != 0) {
    return {c.stage2_on ? fsr::TF : fsr::ASF, c.nested, level2,
            "the IPA has more than the 40 bits of AArch32 stage 2"};
  }
  if ((!VA64 || c.stage2_on) && address >> c.ipa_size != 0) {
    return {fsr::TF, c.nested, level2, "the IPA has more bits than IDR2.IAS"};
  }
  if (c.stage2_unwalkable) return {fsr::TF, c.nested, level2, "TCR has what no stage 2 walk can have"};
  if (!c.stage2_on && address >> c.stage2_output != 0) {
    return {fsr::ASF, c.nested, level2, "stage 2 is off, and the IPA has more bits than its output"};
  }
  return {};
}

void Path::visit(Archive& archive) {
  const auto override = [&archive](Override& o) {
    archive.value("MTCFG", o.MTCFG);
    for (std::uint8_t* code :
         {&o.SHCFG, &o.RACFG, &o.WACFG, &o.TRANSIENTCFG, &o.NSCFG, &o.INSTCFG, &o.PRIVCFG}) {
      archive.value("code", *code);
      *code &= 3U;
    }
    archive.value("MemAttr", o.MemAttr);
    o.MemAttr &= 0xfU;
  };
  archive.value("SSD_Index", SSD_Index);
  archive.value("first", first);
  archive.value("second", second);
  archive.value("stage2_limit", stage2_limit);
  for (bool* flag : {&secure, &pan, &SIF, &nested, &stage1, &stage1_on, &stage2_on, &short_descriptors, &VA64,
                     &privileged_bank, &EPD0, &second_VA64, &stage2_unwalkable}) {
    archive.value("flag", *flag);
  }
  override(stream);
  archive.optional("stage1_off", stage1_off, override);
  archive.optional("stage2_attributes", stage2_attributes, [&archive](pgtable::Stage2Attributes& a) {
    archive.value("MemAttr", a.MemAttr);
    archive.value("SH", a.SH);
    archive.value("allocation", a.allocation);
    a.MemAttr &= 0xfU;
    a.allocation &= 0xfU;
  });
}

}  // namespace smmuvp::smmuv2
