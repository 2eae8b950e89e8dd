// What the architecture allows an access to end with, given all that software wrote and invalidated so far:
// what may be kept of configuration, and by what rules commands take away what translations.h knows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "invalidation/translations.h"
#include "layout.h"

namespace smmuvp::smmuv3::invalidation {

/// Answer::fault: the event's number, or 0 for none.
std::string to_string(const Answer& answer);

/// Coverage::kind of configuration.
enum class Config : std::uint8_t { l1std, ste, cd };
/// Coverage::regime
enum class StreamWorld : std::uint8_t { el1, el2_e2h };

/// A CMD_CFGI_* or CMD_TLBI_*, as software gave it.
struct Command {
  std::uint8_t opcode = 0;
  std::uint32_t sid = 0;
  std::uint8_t range = 0;
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
  bool leaf = false;
  std::uint64_t address = 0;
  unsigned granule = 0;    ///< log2; 0: of any, one address, any level
  unsigned level = 0;      ///< of the leaves; 0: any
  std::uint64_t last = 0;  ///< of the range

  static Command decode(Word word0, Word word1);
  /// Whether it has to take that away (4.3, 4.4).
  bool covers(const Coverage& piece) const;

 private:
  /// Whether a TLB invalidation by address names its place, level and granule (4.4, 4.4.1.1).
  bool names(const Coverage& piece) const;
};

class Reference {
 public:
  Reference(const Memory& memory, bool two_level);

  /// The Command queue has consumed a command: an invalidation, or a CMD_SYNC.
  void consumed(Word word0, Word word1, Tick now);
  /// What the access would end with if nothing were cached, and nothing changed meanwhile.
  Answer current(const AccessId& access) const;
  /// Whether `answer` may be given at `end` to an access that began at `begin`.
  bool allows(const AccessId& access, const Answer& answer, Tick begin, Tick end);
  /// All that may be given, for messages.
  std::vector<Answer> allowed(const AccessId& access, Tick begin, Tick end);

 private:
  struct ConfigOf {
    std::uint32_t sid = 0;
    int piece = -1;
    StructureWords words{};
  };
  struct ContextOf {  // what a CD says
    std::uint32_t sid = 0;
    int ste = -1;
    Stage1Context stage1;
  };
  void find_configs();
  void find_contexts();
  void find_cds(const ConfigOf& config, std::uint64_t address, int by);
  void evaluate(const AccessId& access, Tick begin, Tick end);

  const Memory& m_memory;
  bool m_two_level;
  Translations m_translations;

  // Of one evaluation
  std::vector<ConfigOf> m_configs;
  std::vector<ContextOf> m_contexts;
  std::vector<Answer> m_allowed;
};

}  // namespace smmuvp::smmuv3::invalidation
