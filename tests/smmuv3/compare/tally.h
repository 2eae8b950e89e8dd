// What random programs have met.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace smmuvp::compare {

/// How often what occurred, over all programs.
struct Tally {
  std::array<std::uint64_t, 256> events{};       ///< records that were read, by number
  std::array<std::uint64_t, 256> opcodes{};      ///< commands, by opcode
  std::array<std::uint64_t, 256> carried_out{};  ///< those that met no error
  std::array<std::uint64_t, 8> configs{};        ///< STEs, by Config
  std::array<std::uint64_t, 32> errors{};        ///< by bit of GERROR
  std::array<std::uint64_t, 256> atos_faults{};  ///< by FAULTCODE
  std::array<std::uint64_t, 4> cerrors{};        ///< by CMDQ_CONS.ERR
  std::array<std::uint64_t, 16> responses{};     ///< PRG responses, by code
  std::array<std::uint64_t, 4> completions{};    ///< of Translation Requests: rights, none, UR, CA
  std::uint64_t translated_accesses = 0, translated_forwarded = 0, atc_invalidations = 0, atc_timeouts = 0,
                page_requests = 0, pri_records = 0, pri_overflows = 0;
  std::uint64_t programs = 0, accesses = 0, forwarded = 0, translated = 0, razwi = 0, aborted = 0,
                stalled = 0;
  // of Secure streams, by the PA space that they go on to
  std::uint64_t secure_to_secure = 0, secure_to_non_secure = 0;
  std::array<std::uint64_t, 256> secure_events{}, secure_carried_out{};  ///< as those without `secure`
  std::array<std::uint64_t, 8> secure_configs{};
  std::array<std::uint64_t, 32> secure_errors{};
  std::uint64_t secure_accesses = 0, secure_stalled = 0;
  std::uint64_t for_non_secure = 0;         ///< commands of the Secure queue that Non-secure software needs
  std::uint64_t whole_invalidations = 0;    ///< by S_INIT
  std::uint64_t runs = 0;                   ///< of STEs with CONT
  std::uint64_t survived = 0, renewed = 0;  ///< translations that a command did not name, and those it did
  std::uint64_t vatos = 0, vatos_successes = 0, s_vatos = 0;
  std::uint64_t s_gatos = 0, s_gatos_of_non_secure = 0, s_gatos_successes = 0;
  std::array<std::uint64_t, 256> vatos_faults{};  ///< by FAULTCODE
  std::uint64_t ecmdq_commands = 0;
  // PARTIDs that are not 0: of accesses that go on, by PARTID space, and of the SMMU's own accesses
  std::uint64_t labels = 0, secure_labels = 0;
  std::uint64_t labels_with_MPAM_NS = 0;  ///< of Secure streams, whatever the PARTID
  std::map<std::string_view, std::uint64_t> own_labels;
  std::uint64_t tlb_hits = 0, msis = 0, atos = 0, abandoned = 0;
};

/// Something that programs are to meet: by name, how often, and how often at least in an ordinary run. What
/// cannot occur has a reason instead.
struct Row {
  std::string name;
  std::uint64_t count = 0;
  std::uint64_t least = 0;
  const char* never = nullptr;
};

/// All of a tally, in the order of a table.
std::vector<Row> rows_of(const Tally& tally);
void print(const Tally& tally);

}  // namespace smmuvp::compare
