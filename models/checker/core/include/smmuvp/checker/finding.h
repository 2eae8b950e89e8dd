// What the checker tells: one mistake, with all that is known about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/checker/rules.h"

namespace smmuvp::checker {

/// Who stored something, or wrote a register, and when.
struct Writer {
  std::string name;                 ///< "cpu0"; "the bus" for whoever is no processor
  std::optional<std::uint64_t> pc;  ///< of a processor
  std::uint64_t time_ps = 0;
  std::vector<std::uint64_t> callers = {};  ///< CpuControl::return_addresses()
  // By whoever knows the program's symbols:
  std::string place = {};                   ///< "arm_smmu_v3+0x1234 (arm_smmu_write_ste)"; empty: not known
  std::vector<std::string> functions = {};  ///< that of the place, its caller, its caller's caller
  std::vector<std::string> lines = {};      ///< "arm-smmu-v3-strtab.c:120", in each of them; may be empty
};

struct Finding {
  RuleId rule{};
  std::string smmu;    ///< instance name
  std::string text;    ///< what, where, and what was expected
  std::string clause;  ///< empty: the rule's
  std::uint64_t time_ps = 0;
  std::optional<std::uint32_t> stream_id;
  std::optional<std::uint32_t> substream_id;
  std::optional<std::uint64_t>
      iova;  ///< input address of the access, or first of what a descriptor describes
  std::optional<std::uint64_t> address;  ///< physical, of the descriptor or structure
  std::optional<Writer> remover;         ///< who took away what it was before, if somebody else
  std::optional<Writer> writer;          ///< who changed it last
  std::optional<Writer> issuer;  ///< who asked for the invalidation, or wrote the register, that is wrong
};

}  // namespace smmuvp::checker
