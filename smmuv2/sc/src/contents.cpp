#include "contents.h"

#include <algorithm>
#include <iterator>

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmu/dump.h"

namespace smmuvp::smmuv2 {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

/// Of Secure software (9.6.24 to 9.6.31): rows of a table without two Security states, too, where they are
/// RAZ/WI.
bool is_secure(const RegisterInfo& info) {
  constexpr Reg secure[] = {SMMU_SCR1, SMMU_STLBIALL, SMMU_STLBIALLM, SMMU_STLBIVAM, SMMU_STLBIVALM};
  return info.bank == SecurityBank::SecureOnly ||
         std::find(std::begin(secure), std::end(secure), info.id) != std::end(secure);
}

/// Calls f(name, offset, value) for each register that Non-secure software sees, in the order of offsets.
template <class F>
void for_each_register(const ProgrammingInterface& interface, F f) {
  const RegisterFile& registers = interface.registers();
  for (const RegisterInfo& info : registers.table()) {
    if (is_secure(info) || info.alias_of != RegisterInfo::no_alias) continue;
    const std::uint32_t stride = info.stride == 0 ? info.bytes : info.stride;
    for (std::uint32_t i = 0; i < info.count; ++i) {
      const std::uint32_t offset = info.offset + i * stride;
      std::uint64_t value = 0;
      interface.peek(offset, info.bytes, AccessSecurity::NonSecure, value);
      if (info.count == 1 || value != 0) f(registers.name_at(offset), offset, value);
    }
  }
}

std::string regime_name(std::uint8_t regime) { return "regime " + std::to_string(regime); }

}  // namespace

std::vector<std::pair<std::string, std::uint64_t>> register_values(const ProgrammingInterface& interface) {
  std::vector<std::pair<std::string, std::uint64_t>> values;
  for_each_register(interface, [&](const std::string& name, std::uint32_t, std::uint64_t value) {
    values.emplace_back(name, value);
  });
  return values;
}

DumpSection contents_of(const Smmu& smmu, const std::string& title) {
  const ProgrammingInterface& interface = smmu.interface();
  DumpSection s;
  s.title = title;
  DumpSection& registers = s.add("registers", {"register", "offset", "value"});
  if (interface.held()) registers.notes.emplace_back(interface.why_held());
  registers.notes.emplace_back("of arrays, elements that are not 0");
  for_each_register(interface, [&](const std::string& name, std::uint32_t offset, std::uint64_t value) {
    registers.rows.push_back({name, hex(offset), hex(value)});
  });
  DumpSection& stalls = s.add("stalled accesses", {"bank", "record"});
  interface.stalls().for_each([&](unsigned bank, bool recorded) {
    stalls.rows.push_back({std::to_string(bank), recorded ? "in FSR" : "behind another"});
  });
  smmu::dump(smmu.engine(), regime_name, s);
  return s;
}

}  // namespace smmuvp::smmuv2
