// A schedule: what software, devices and memory do, one after the other. The same seed makes the same
// schedule.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layout.h"

namespace smmuvp::smmuv3::invalidation {

enum class Act : std::uint8_t {
  write_descriptor,  ///< of stage 1 or 2: address, value
  write_cd,
  write_ste,
  write_l1std,
  command,  ///< put into the Command queue
  queue,    ///< the Command queue goes on by a memory operation or a command
  begin,    ///< an access, in a slot that is free
  step,     ///< memory answers an access
  end,      ///< an access goes on to its end, and leaves
};

struct Operation {
  Act act = Act::queue;
  std::uint8_t slot = 0;      // begin, step, end
  std::uint32_t sid = 0;      // begin, write_ste, write_l1std
  bool write = false;         // begin
  std::uint64_t address = 0;  // begin, write_descriptor
  Word value = 0;             // write_descriptor; write_l1std: copy
  std::uint8_t where = 0;     // write_cd: slot and bank * 16; write_ste: copy
  CdValue cd;
  SteValue ste;
  std::array<Word, 2> words{};  // command
  std::string note;             // what a descriptor is of
};
std::string to_string(const Operation& operation);

constexpr unsigned slots = 3;

struct Schedule {
  std::uint64_t seed = 0;
  bool two_level = false;
  bool large_caches = false;
  bool adverse = false;  ///< with speculation, and invalidations that take effect late; not with large_caches
  std::uint8_t shape = 0;  ///< of small caches
  std::uint8_t image = 0;
  std::vector<Operation> operations;
};

/// How many of a schedule's operations are software's and devices', steps not counted.
unsigned size_of(const Schedule& schedule);
Schedule make_schedule(std::uint64_t seed);

}  // namespace smmuvp::smmuv3::invalidation
