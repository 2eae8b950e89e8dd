// A schedule: what software, devices and memory do, one after the other. The same seed makes the same
// schedule.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference.h"

namespace smmuvp::smmuv2::invalidation {

enum class Act : std::uint8_t {
  write_descriptor,  ///< of stage 1 or 2: address, value
  write_bank,
  tlbi,
  sync,   ///< of `bank`, or a global one
  begin,  ///< an access, in a slot that is free
  step,   ///< memory answers an access
  end,    ///< an access goes on to its end, and leaves
};

/// Step::bank of a global synchronisation.
constexpr std::uint8_t global_non_secure = banks, global_secure = banks + 1;
constexpr unsigned sync_resources = banks + 2;

struct Step {
  Act act = Act::step;
  std::uint8_t slot = 0;      // begin, step, end
  std::uint8_t bank = 0;      // write_bank, sync; begin: its stream
  bool write = false;         // begin
  std::uint64_t address = 0;  // begin, write_descriptor
  Word value = 0;             // write_descriptor
  BankValue bank_value;       // write_bank
  Tlbi tlbi;
  std::string note;  // what a descriptor is of
};
std::string to_string(const Step& step);

constexpr unsigned slots = 3;

struct Schedule {
  std::uint64_t seed = 0;
  bool large_caches = false;
  std::uint8_t shape = 0;  ///< of small caches
  std::uint8_t image = 0;
  bool SSD_table =
      false;  ///< which StreamIDs are Secure devices', whatever their accesses say (IHI 0062 2.2)
  std::array<BankValue, banks> banks_at_begin;
  std::vector<Step> operations;
};

/// How many of a schedule's operations are software's and devices', steps not counted.
unsigned size_of(const Schedule& schedule);
Schedule make_schedule(std::uint64_t seed);

}  // namespace smmuvp::smmuv2::invalidation
