// What software and an SMMU do, line by line, as the checker is told of it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "smmuvp/checker/checker.h"

namespace smmuvp::checker {

/// Stream 5 with stage 1 alone: VMID 1, ASID 2, tables of 4 KiB. `iova` has its level 2 descriptor at
/// `level2`, which leads to the table at `table` with its page at `level3`.
class Script : public Surroundings {
 public:
  static constexpr std::uint64_t ste = 0x1140, cd = 0x2000;
  static constexpr std::uint64_t level2 = 0x3008, table = 0x4000, level3 = 0x4010;
  static constexpr std::uint64_t iova = 0x20'2000;
  static constexpr std::uint64_t page = 0x9000'0f03;  // valid, nG, an address
  static constexpr std::uint64_t pointer = table | 3;

  explicit Script(const smmuv3::Features& f = features()) : checker(*this), smmu(checker.add("smmu0", f)) {}
  /// Of an SMMUv2, with the same tables.
  explicit Script(const Smmuv2Rules::Sizes& sizes) : checker(*this), smmu(checker.add("smmu0", sizes)) {}

  static smmuv3::Features features() {
    smmuv3::Features f;
    f.RIL = true;
    return f;
  }

  // ---- accesses

  Look look(std::uint64_t descriptor) const {
    Look l;
    l.iova = iova;
    l.time_ps = ++m_time;
    l.context.stream_id = 5;
    l.context.vmid = 1;
    l.context.asid = 2;
    l.structures = {{Look::Kind::STE, ste, 8, false, ste_words}, {Look::Kind::CD, cd, 8, false, {}}};
    l.steps = {{1, 2, 12, iova, level2, pointer}, {1, 3, 12, iova, level3, descriptor}};
    l.now = "goes on to 0x90000000";
    l.memory = "is aborted";
    return l;
  }
  void use(std::uint64_t descriptor) { checker.accessed(smmu, look(descriptor)); }
  /// By what a cache still has.
  void use_stale(std::uint64_t descriptor) {
    Look l = look(descriptor);
    l.stale = true;
    checker.accessed(smmu, l);
  }
  void use_stale_structure(Look::Kind kind) {
    Look l = look(0x9000'0f03);
    l.stale = true;
    for (Look::Structure& s : l.structures) s.stale = s.kind == kind;
    checker.accessed(smmu, l);
  }

  // ---- software

  void store(std::uint64_t address, std::uint64_t before, std::uint64_t after) {
    checker.stored(address, before, after, {"cpu0", 0xffff'8000, ++m_time, {}});
  }
  void command(std::uint64_t word0, std::uint64_t word1 = 0) {
    checker.executed(smmu, smmuv3::Command::decode({word0, word1}), 0, m_cons++);
  }
  void sync() {
    command(0x46);
    checker.synchronised(smmu, 0);
    checker.looked(smmu, 0);
  }
  /// CMD_TLBI_NH_VA
  void tlbi(std::uint64_t address = iova, std::uint64_t hints = 0, std::uint16_t vmid = 1,
            std::uint16_t asid = 2) {
    command(0x12 | std::uint64_t{vmid} << 32 | std::uint64_t{asid} << 48, address | hints);
  }
  /// CMD_ATC_INV of 2^size pages; 52: all.
  void atc_inv(std::uint64_t address = iova, unsigned size = 0, std::uint32_t stream_id = 5) {
    command(0x40 | std::uint64_t{stream_id} << 32, address | size);
  }
  void write(std::string_view name, std::uint64_t value) {
    checker.register_written(smmu, name, value, {"cpu0", 0xffff'9000, ++m_time, {}});
  }
  void read(std::string_view name, std::uint64_t value) { checker.register_read(smmu, name, value); }
  void end(const Checker::Registers& registers = {}) { checker.ended(smmu, registers, ++m_time); }

  /// Of an SMMUv2. @param registers  by name
  void end(const std::map<std::string, std::uint64_t>& registers) {
    checker.ended(smmu, registers, ++m_time);
  }

  // ---- what it says

  void watch(std::uint64_t physical) override { watched.insert(physical & ~0xfffULL); }
  void unwatch(std::uint64_t physical) override { watched.erase(physical & ~0xfffULL); }
  std::optional<std::uint64_t> read(std::uint64_t physical) override {
    const auto at = memory.find(physical);
    return at == memory.end() ? std::nullopt : std::optional(at->second);
  }
  void tell(const Finding& finding) override { findings.push_back(finding); }
  /// The rules of the findings since the last call.
  std::vector<std::string> told() {
    std::vector<std::string> ids;
    for (; m_seen < findings.size(); ++m_seen) ids.push_back(rule(findings[m_seen].rule).id);
    return ids;
  }

  std::set<std::uint64_t> watched;
  std::map<std::uint64_t, std::uint64_t> memory;  // what the checker reads
  std::array<std::uint64_t, 8> ste_words{};       // what accesses find; V is 0 where no test says otherwise
  std::vector<Finding> findings;
  Checker checker;
  unsigned smmu;

 private:
  mutable std::uint64_t m_time = 0;
  std::size_t m_seen = 0;
  std::uint32_t m_cons = 0;
};

using Told = std::vector<std::string>;

}  // namespace smmuvp::checker
