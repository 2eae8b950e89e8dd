// Why an access was denied, as a story: what decided in the order in which the SMMU looks at it, which of it
// said no, and what would have made the access legal.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/tlm/explanation.h"

namespace smmuvp::platform {

/// Who stored last to a place in memory.
struct LastWriter {
  std::string name;                 ///< "cpu0", "the bus"
  std::optional<std::uint64_t> pc;  ///< of a processor's store
  std::string symbol;               ///< of `pc`: "arm_smmu_v3+0x1234 (function)"; may be empty
  std::uint64_t time_ps = 0;
};

/// Who knows who stores to tables and structures.
class WriterSource {
 public:
  virtual ~WriterSource() = default;
  virtual std::optional<LastWriter> last_writer(std::uint64_t physical) const = 0;
};

/// A register, a structure or a descriptor.
struct StoryStep {
  std::string what;                      ///< "STE", "SMMU_CR2", "stage 1 level 3, VA 0x1000"
  std::optional<std::uint64_t> address;  ///< physical
  std::vector<std::uint64_t> words;      ///< empty: there are none, or they cannot be read
  std::string meaning;                   ///< may be empty
  std::vector<Explanation::Field> fields;
  std::optional<LastWriter> writer;
  bool decides = false;  ///< this is what said no
};

/// A fault as the SMMU's trace tells it.
struct FaultTrace {
  std::string event;    ///< "F_TRANSLATION", "TF"; "none": an end without a fault; "waits" (SMMUv2)
  std::string outcome;  ///< "abort", "RAZ/WI", "stall", "UR", "CA"
  std::string record;   ///< "recorded", or what keeps software from being told; of a stall empty
  std::string walk;     ///< "stage 1 level 3", "none"
  AccessQuestion question;
};

struct Story {
  std::string verdict;
  std::string clause;  ///< where the specification has the event or the bit; may be empty
  std::vector<StoryStep> steps;
  /// As in the record, by the specification's names: fields of the event, or registers.
  std::vector<std::pair<std::string, std::uint64_t>> record;
  std::string would_be_legal;
  bool stale = false;     ///< some cache held something else than memory
  bool agrees = true;     ///< the explanation comes to the fault that was recorded
  std::string disagrees;  ///< in what it does not
};

/// "F_TRANSLATION", "CB2_FSR.TF", "GFSR.USF": the fault by its whole name, as the explanation has it, or as
/// the trace does where they do not agree.
std::string fault_name(const FaultTrace& fault, const Explanation& explanation);

/// "stream 0x100, substream 0x1, address 0x1000: write, unprivileged, by TBU 0".
std::string access_words(const AccessQuestion& question);

/// @param explanation  of the fault's question, asked at once. @param writers  may be nullptr
Story story_of(const FaultTrace& fault, const Explanation& explanation, const WriterSource* writers);

}  // namespace smmuvp::platform
