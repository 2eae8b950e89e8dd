#include "smmuvp/smmuv2/id_fields.h"

#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

std::uint8_t address_size(std::uint32_t code) {
  constexpr std::uint8_t bits[] = {32, 36, 40, 42, 44, 48};
  return bits[code <= 5 ? code : 5];
}
std::uint8_t bus_size(std::uint32_t code) { return code == 15 ? 64 : code >= 5 ? 49 : address_size(code); }

#define SMMUVP_SET(member) [](Features& f, std::uint32_t v) { f.member = static_cast<decltype(f.member)>(v); }

std::vector<IdField> make_fields() {
  return {
      {&IdRegisters::IDR0, "IDR0", &IDR0_SES, SMMUVP_SET(SES)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_S1TS, SMMUVP_SET(S1TS)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_S2TS, SMMUVP_SET(S2TS)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_NTS, SMMUVP_SET(NTS)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_SMS, SMMUVP_SET(SMS)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_ATOSNS, SMMUVP_SET(ATOSNS)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_PTFS, SMMUVP_SET(PTFS)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_NUMIRPT, SMMUVP_SET(NUMIRPT)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_EXSMRGS},
      {&IdRegisters::IDR0, "IDR0", &IDR0_CTTW, SMMUVP_SET(CTTW)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_BTM},
      {&IdRegisters::IDR0, "IDR0", &IDR0_NUMSIDB, SMMUVP_SET(NUMSIDB)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_EXIDS, SMMUVP_SET(EXIDS)},
      {&IdRegisters::IDR0, "IDR0", &IDR0_NUMSMRG, SMMUVP_SET(NUMSMRG)},
      {&IdRegisters::IDR1, "IDR1", &IDR1_PAGESIZE, SMMUVP_SET(PAGESIZE)},
      {&IdRegisters::IDR1, "IDR1", &IDR1_NUMPAGENDXB, SMMUVP_SET(NUMPAGENDXB)},
      {&IdRegisters::IDR1, "IDR1", &IDR1_HAFDBS, SMMUVP_SET(HAFDBS)},
      {&IdRegisters::IDR1, "IDR1", &IDR1_NUMS2CB, SMMUVP_SET(NUMS2CB)},
      {&IdRegisters::IDR1, "IDR1", &IDR1_SMCD, SMMUVP_SET(SMCD)},
      {&IdRegisters::IDR1, "IDR1", &IDR1_SSDTP, SMMUVP_SET(SSDTP)},
      {&IdRegisters::IDR1, "IDR1", &IDR1_NUMSSDNDXB, SMMUVP_SET(NUMSSDNDXB)},
      {&IdRegisters::IDR1, "IDR1", &IDR1_NUMCB, SMMUVP_SET(NUMCB)},
      {&IdRegisters::IDR2, "IDR2", &IDR2_DIPANS, SMMUVP_SET(DIPANS)},
      {&IdRegisters::IDR2, "IDR2", &IDR2_COMPINDEXS},
      {&IdRegisters::IDR2, "IDR2", &IDR2_HADS, SMMUVP_SET(HADS)},
      {&IdRegisters::IDR2, "IDR2", &IDR2_E2HS},
      {&IdRegisters::IDR2, "IDR2", &IDR2_EXNUMSMRG},
      {&IdRegisters::IDR2, "IDR2", &IDR2_VMID16S, SMMUVP_SET(VMID16S)},
      {&IdRegisters::IDR2, "IDR2", &IDR2_PTFSv8_64kB, SMMUVP_SET(PTFSv8_64kB)},
      {&IdRegisters::IDR2, "IDR2", &IDR2_PTFSv8_16kB, SMMUVP_SET(PTFSv8_16kB)},
      {&IdRegisters::IDR2, "IDR2", &IDR2_PTFSv8_4kB, SMMUVP_SET(PTFSv8_4kB)},
      {&IdRegisters::IDR2, "IDR2", &IDR2_UBS, [](Features& f, std::uint32_t v) { f.UBS = bus_size(v); }},
      {&IdRegisters::IDR2, "IDR2", &IDR2_OAS, [](Features& f, std::uint32_t v) { f.OAS = address_size(v); }},
      {&IdRegisters::IDR2, "IDR2", &IDR2_IAS, [](Features& f, std::uint32_t v) { f.IAS = address_size(v); }},
      {&IdRegisters::IDR7, "IDR7", &IDR7_MAJOR, SMMUVP_SET(MAJOR)},
      {&IdRegisters::IDR7, "IDR7", &IDR7_MINOR, SMMUVP_SET(MINOR)},
  };
}
#undef SMMUVP_SET

}  // namespace

const std::vector<IdField>& id_fields() {
  static const std::vector<IdField> fields = make_fields();
  return fields;
}

Features features_of(const Personality& personality) {
  Features features;
  for (const IdField& field : id_fields()) {
    if (field.set != nullptr) field.set(features, field.get(personality.id));
  }
  features.IDR4 = personality.id.IDR4;
  features.IDR5 = personality.id.IDR5;
  features.PIDR = 0;
  for (unsigned i = 0; i < 8; ++i) features.PIDR |= std::uint64_t{personality.id.PIDR[i]} << (8 * i);
  personality.others(features);
  return features;
}

std::vector<IdDifference> id_differences(const IdRegisters& wanted, const IdRegisters& is) {
  std::vector<IdDifference> all;
  for (const IdField& field : id_fields()) {
    if (field.get(wanted) != field.get(is)) all.push_back({&field, field.get(wanted), field.get(is)});
  }
  return all;
}

std::string to_text(const std::vector<IdDifference>& differences) {
  std::string text;
  for (const IdDifference& d : differences) {
    if (!text.empty()) text += ", ";
    text += std::string(d.field->register_name) + "." + d.field->name() + " " + std::to_string(d.is) +
            " instead of " + std::to_string(d.wanted);
  }
  return text;
}

}  // namespace smmuvp::smmuv2
