// A job slot of a Mali: the chain in work, the job of it, and the job's access.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp {

/// State alone; MaliCore works on it. What software sees of a slot is in its registers.
struct MaliSlot {
  /// What the job in work does.
  enum class Phase : std::uint8_t { Idle, Fetch, Write, CopyRead, CopyWrite, WriteBack };
  /// What its access waits for.
  enum class State : std::uint8_t { Translate, Walk, Data, Fault, Lock };
  static constexpr std::uint32_t piece_bytes = 256;

  Phase phase = Phase::Idle;
  State state = State::Translate;
  bool blocked = false;                   ///< the last chain failed, and nobody has cleared its interrupt
  bool soft_stop = false;                 ///< the job in work is the last one
  bool issued = false;                    ///< the access has gone out, and its answer is awaited
  std::uint32_t as = 0;                   ///< address space
  std::uint64_t job = 0;                  ///< address of the job in work
  std::array<std::uint32_t, 16> words{};  ///< the job and its payload
  std::uint32_t code = 0;                 ///< how the job has ended: what is written back
  std::uint64_t copied = 0;               ///< bytes of a COPY that have been written
  std::array<std::uint8_t, piece_bytes> piece{};  ///< what is written, or was read

  bool write = false;  ///< the access
  std::uint64_t va = 0;
  std::uint64_t pa = 0;  ///< State::Data
  std::uint32_t length = 0;
  std::optional<pgtable::Walk> walk;  ///< State::Walk
  std::uint64_t walk_generation = 0;  ///< of the address space, when the walk began
  std::uint32_t fault_status = 0;     ///< State::Fault: as AS_FAULTSTATUS
  bool fault_is_bus_error = false;    ///< a table could not be read
  bool fault_told = false;            ///< AS_FAULTSTATUS shows it, or has shown it
  std::uint64_t epoch = 0;            ///< counts chains: answers to accesses of an older one are ignored

  bool busy() const { return phase != Phase::Idle; }
  bool waits() const { return state == State::Fault || state == State::Lock; }
  std::uint64_t word64(unsigned low) const { return words[low] | std::uint64_t{words[low + 1]} << 32; }
  unsigned type() const { return words[4] >> 1 & 0x7f; }
  /// Address of the next job, 0: none.
  std::uint64_t next() const { return (words[4] & 1) != 0 ? word64(6) : words[6]; }

  void visit(Archive& archive);
  /// Whether a slot can be in this state; what was loaded may hold anything.
  bool is_possible(std::uint32_t address_spaces) const;
};

}  // namespace smmuvp
