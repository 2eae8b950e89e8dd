// One question to the walker and to Unicorn's ARM MMU, and whether their answers agree.
//
// Where Unicorn is known to differ from the architecture, the difference is predicted, checked against the
// prediction and counted; everything else has to be equal.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "aarch32_scenario.h"
#include "smmuvp/pgtable/walk.h"
#include "unicorn_aarch32.h"
#include "unicorn_attributes.h"

namespace smmuvp::pgtable::test {

struct AArch32Counts : CombinationDeviations {
  std::uint64_t cases = 0;
  std::uint64_t translated = 0;
  std::uint64_t faults[3][8] = {};  ///< by stage and FaultKind, as the architecture has them
  std::uint64_t on_table_walk = 0;
  // Excused deviations of Unicorn
  std::uint64_t domain_too_early = 0;
  std::uint64_t manager_without_access_flag = 0;
  std::uint64_t short_WXN_unchecked = 0;
  std::uint64_t address_size_unchecked = 0;
  std::uint64_t RES0_in_output = 0;
  std::uint64_t table_walk_status = 0;
  std::uint64_t short_attributes = 0;  ///< not told by PAR, or not combined with those of stage 2
  std::uint64_t reserved_MAIR = 0;

  void print(const char* what) const;
};

/// What both sides read: each word is made when the walker first asks for it, and stays for one question.
class RecordedMemory {
 public:
  void forget() { m_size = 0; }
  /// The descriptor, byte order undone.
  std::uint64_t descriptor(const AArch32Scenario& scenario, const MemoryOp& op);
  /// The little-endian word there; zero where no walk has been.
  std::uint32_t word(std::uint64_t address) const;

 private:
  struct Word {
    std::uint64_t address;
    std::uint32_t value;
  };
  const Word* find(std::uint64_t address) const;
  void add(std::uint64_t address, std::uint32_t value);

  std::array<Word, 4 * DescriptorTrace::capacity> m_words;
  std::size_t m_size = 0;
};

class AArch32Comparison {
 public:
  /// `memory` is what the oracle's callback reads.
  AArch32Comparison(const AArch32Scenario& scenario, RecordedMemory& memory, AArch32Counts& counts);

  /// Both empty, or what differs.
  std::string data(UnicornAArch32& oracle, const WalkRequest& request);
  std::string fetch(UnicornAArch32& oracle, const WalkRequest& request);

 private:
  struct Read {
    Stage stage;
    int level;
    unsigned size;
    std::uint64_t address;
    std::uint64_t descriptor;
  };
  struct Traced {
    Result result;
    std::array<Read, DescriptorTrace::capacity> reads;
    std::size_t count = 0;
  };
  struct Domain {
    bool known = false;  // a valid level 1 descriptor was read
    unsigned number = 0;
    unsigned value = 0;  // of DACR
    bool by_table = false;
    std::size_t reads = 0;  // up to the level 1 descriptor
  };

  void trace(const WalkSetup& setup, const WalkRequest& request, bool as_unicorn, Traced& out);
  std::uint64_t ask(UnicornAArch32& oracle, const WalkRequest& request);
  Domain domain_of(const Traced& t) const;
  bool clear_access_flag(const Traced& t) const;
  void count_fault(const Result& r);
  std::string short_data(UnicornAArch32& oracle, const WalkRequest& request);
  std::string check_address_size(const WalkRequest& request, const Traced& unchecked);
  std::string compare(const Traced& ours, const UnicornAArch32& oracle, std::uint64_t par);
  std::string compare_short_PAR(const Traced& ours, std::uint32_t par) const;
  std::string compare_long_PAR(const Traced& ours, std::uint64_t par);
  std::string same_reads(const Traced& ours, std::size_t count, const UnicornAArch32& oracle) const;
  std::string report(const std::string& problem, const WalkRequest& request, const Traced& ours,
                     const UnicornAArch32& oracle, std::uint64_t answer) const;

  const AArch32Scenario& m_scenario;
  RecordedMemory& m_memory;
  AArch32Counts& m_counts;
  bool m_short;
  bool m_short_PAR;
  WalkSetup m_architecture;
  WalkSetup m_unicorn;          // no address bits above 39 in registers; short: no WXN, no UWXN
  WalkSetup m_unicorn_client;   // and every domain a client
  WalkSetup m_unicorn_manager;  // and no Access flag
};

}  // namespace smmuvp::pgtable::test
