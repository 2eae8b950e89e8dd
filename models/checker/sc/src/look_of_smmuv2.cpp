#include <charconv>
#include <map>
#include <string>

#include "look_of.h"
#include "smmuvp/smmuv2/bank_fields.h"
#include "smmuvp/smmuv2/global_fields.h"
#include "smmuvp/smmuv2/stream_fields.h"

namespace smmuvp {

namespace {

using checker::Look;
using Registers = std::map<std::string, std::uint64_t>;

std::uint64_t value_of(const Registers& registers, const std::string& name) {
  const auto at = registers.find(name);
  return at == registers.end() ? 0 : at->second;
}

// The bank that the access is translated by; none: it is not.
std::optional<unsigned> bank_of(const Explanation& e) {
  for (const Explanation::Register& r : e.registers) {
    const std::string_view prefix = "SMMU_S2CR";
    if (r.name.compare(0, prefix.size(), prefix) != 0) continue;
    if (get(r.value, smmuv2::S2CR_TYPE) != 0) return std::nullopt;
    return static_cast<unsigned>(get(r.value, smmuv2::S2CR_CBNDX));
  }
  return std::nullopt;
}

unsigned granule_of(std::uint64_t TG, bool TG1) {
  if (TG1) return TG == 1 ? 14 : TG == 3 ? 16 : 12;
  return TG == 1 ? 16 : TG == 2 ? 14 : 12;
}

}  // namespace

Look look_of_smmuv2(const Explanation& e, const AccessQuestion& question) {
  Look look;
  look.iova = question.address;
  look.context.stream_id = question.stream_id;
  look.stale = e.stale && !same_end(e.now, e.memory);
  look.now = words_of_end(e.now);
  look.memory = words_of_end(e.memory);
  const auto bank = bank_of(e);
  if (!bank) return look;
  Registers registers;
  for (const Explanation::Register& r : e.registers) registers[r.name] = r.value;
  const auto in_bank = [&](unsigned n, const char* name) {
    return value_of(registers, "SMMU_CB" + std::to_string(n) + "_" + name);
  };
  const auto attribute = [&](unsigned n, const char* name) {
    return value_of(registers, std::string("SMMU_") + name + std::to_string(n));
  };
  const std::uint64_t CBAR = attribute(*bank, "CBAR");
  const std::uint64_t TYPE = get(CBAR, smmuv2::CBAR_TYPE);
  const unsigned second = TYPE == 3 ? static_cast<unsigned>(get(CBAR, smmuv2::CBAR_CBNDX)) : *bank;
  look.translates = {TYPE == 1 || TYPE == 3, TYPE == 0 || TYPE == 3};
  if (TYPE == 1 && is_set(CBAR, smmuv2::CBAR_HYPC)) look.context.regime = checker::Regime::EL2;
  const bool wide = is_set(value_of(registers, "SMMU_CR0"), smmuv2::CR0_VMID16EN);
  look.context.vmid = static_cast<std::uint16_t>(wide ? get(attribute(second, "CBA2R"), smmuv2::CBA2R_VMID16)
                                                      : get(attribute(second, "CBAR"), smmuv2::CBAR_VMID));
  const bool upper = (question.address >> 55 & 1) != 0;
  const std::uint64_t TCR = in_bank(*bank, "TCR");
  const bool VA64 = is_set(attribute(*bank, "CBA2R"), smmuv2::CBA2R_VA64);
  const std::uint64_t TTBR = in_bank(*bank, is_set(TCR, smmuv2::TCR_A1) ? "TTBR1" : "TTBR0");
  if (look.translates[0]) {
    // Tables of short descriptors are not looked at (16.5.38, TCR.EAE).
    if (!VA64 && !is_set(TCR, smmuv2::TCR_EAE)) return look;
    const bool AS = VA64 && is_set(in_bank(*bank, "TCR2"), smmuv2::TCR2_AS);
    look.context.asid = static_cast<std::uint16_t>(TTBR >> 48 & (AS ? 0xffff : 0xff));
    look.roots[0] = in_bank(*bank, upper ? "TTBR1" : "TTBR0") & 0x0000'ffff'ffff'ffff;
  }
  if (look.translates[1]) look.roots[1] = in_bank(second, "TTBR0") & 0x0000'ffff'ffff'ffff;
  if (VA64)
    look.input_bits[0] = 64 - static_cast<unsigned>(get(TCR, upper ? smmuv2::TCR_T1SZ : smmuv2::TCR_T0SZ));
  if (is_set(attribute(second, "CBA2R"), smmuv2::CBA2R_VA64))
    look.input_bits[1] = 64 - static_cast<unsigned>(get(in_bank(second, "TCR"), smmuv2::TCR_T0SZ));
  const unsigned granule1 = !VA64   ? 12
                            : upper ? granule_of(get(TCR, smmuv2::TCR_TG1), true)
                                    : granule_of(get(TCR, smmuv2::TCR_TG0), false);
  const bool VA64_2 = is_set(attribute(second, "CBA2R"), smmuv2::CBA2R_VA64);
  const unsigned granule2 = VA64_2 ? granule_of(get(in_bank(second, "TCR"), smmuv2::TCR_TG0), false) : 12;
  for (const Explanation::Step& s : e.steps) {
    if (s.aborted || s.level < 0) continue;
    look.steps.push_back({s.stage, static_cast<unsigned>(s.level), s.stage == 2 ? granule2 : granule1,
                          s.input, s.address, s.descriptor});
  }
  return look;
}

}  // namespace smmuvp
