// One question to the walker and to Unicorn's MMU, and whether their answers agree.
//
// Where Unicorn is known to differ from the architecture, the difference is predicted, checked against the
// prediction and counted; everything else has to be equal.
#pragma once

#include <cstdint>
#include <string>

#include "oracle_scenario.h"
#include "smmuvp/pgtable/walk.h"
#include "unicorn_attributes.h"
#include "unicorn_oracle.h"

namespace smmuvp::pgtable::test {

struct OracleCounts : CombinationDeviations {
  std::uint64_t cases = 0;
  std::uint64_t translated = 0;
  std::uint64_t faults[3][8] = {};  ///< by stage and FaultKind, as the architecture has them
  std::uint64_t on_table_walk = 0;
  // Excused deviations of Unicorn
  std::uint64_t output_size_unchecked = 0;
  std::uint64_t reserved_block = 0;
  std::uint64_t RES0_in_output = 0;
  std::uint64_t table_walk_status = 0;
  std::uint64_t reserved_MAIR = 0;

  void print(const char* what) const;
};

/// Compares all that PAR_EL1 and Unicorn's reads tell. Empty, or what differs.
class OracleComparison {
 public:
  /// `current` is what the oracle's memory callbacks read: set it up before asking.
  OracleComparison(const Scenario& scenario, OracleCounts& counts);

  /// AT: read or write by `request`.
  std::string data(Translator& oracle, const WalkRequest& request, bool PAN);
  /// An instruction fetch.
  std::string fetch(Fetcher& oracle, std::uint64_t va);

 private:
  struct Read {
    Stage stage;
    int level;
    std::uint64_t address;
    std::uint64_t descriptor;
  };
  struct Traced {
    Result result;
    Read reads[DescriptorTrace::capacity];
    std::size_t count = 0;
  };
  struct AddressSizeFault {
    bool present = false;
    Stage stage = Stage::stage1;
    int level = 0;
    std::size_t reads = 0;
  };

  void trace(const WalkSetup& setup, const WalkRequest& request, Traced& out) const;
  AddressSizeFault expected_address_size(const Traced& unlimited) const;
  std::string check_output_size(const WalkRequest& request, const Traced& unlimited, unsigned pan);
  bool is_reserved_block(const Traced& t) const;
  std::string compare_par(const Traced& ours, std::uint64_t par);
  std::uint8_t unicorn_attributes(const Traced& ours);

  const Scenario& m_scenario;
  OracleCounts& m_counts;
  bool m_limited;            // some output size is less than 48
  WalkSetup m_setup[2];      // by PAN
  WalkSetup m_unlimited[2];  // likewise, 48 output bits
};

}  // namespace smmuvp::pgtable::test
