// What the architecture allows an access to end with, given all that software wrote and invalidated so far.
//
// Everything that the SMMU can have read at some time is a Piece: a structure, a descriptor, or a stage 1
// descriptor together with the stage 2 translation of what it points to (IHI 0070 16.2.1). A piece can be
// used from the time at which it could first be read until an invalidation that covers it is complete,
// provided that by the time of that invalidation nothing could lead to it any more. Nothing here knows
// caches, their sizes, or what an SMMU has in fact read: whatever could be cached might be (3.21.1, 3.21.3).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "layout.h"

namespace smmuvp::smmuv3::invalidation {

/// The end of an access, as a device and the Event queue see it.
struct Answer {
  bool forward = false;
  std::uint64_t output = 0;  ///< of forward
  std::uint8_t event = 0;    ///< else: the event's number, or 0 for none
  bool s2 = false;           ///< that it is of stage 2

  bool operator==(const Answer& o) const {
    return forward == o.forward && output == o.output && event == o.event && s2 == o.s2;
  }
};
std::string to_string(const Answer& answer);

struct AccessId {
  std::uint32_t sid = 0;
  std::uint64_t address = 0;
  bool write = false;
};

/// A CMD_CFGI_* or CMD_TLBI_*, as software gave it.
struct Invalidation {
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
  Tick consumed = 0;
  Tick complete = never;  ///< when a CMD_SYNC after it was consumed (4.3.8)

  static Invalidation decode(Word word0, Word word1);
};

/// What an invalidation has to name to take a piece away.
struct Coverage {
  enum class Of : std::uint8_t { l1std, ste, cd, stage1, stage2 };

  Of of = Of::ste;
  std::uint32_t sid = 0;   ///< of configuration
  std::uint16_t vmid = 0;  ///< of translations
  std::uint16_t asid = 0;
  bool el2 = false;           ///< of StreamWorld NS-EL2-E2H
  bool last_level = false;    ///< of translations: a page or a block
  bool global = false;        ///< a last level of stage 1 with nG 0 (3.17.1)
  std::uint8_t shift = 12;    ///< log2 of the region that the descriptor translates
  std::uint64_t address = 0;  ///< anything in it

  /// Whether `i` has to take it away (4.3, 4.4).
  bool covered_by(const Invalidation& i) const;
  /// Whether a TLB invalidation by address names its place, level and granule (4.4, 4.4.1.1).
  bool named_by(const Invalidation& i) const;
};

class Reference {
 public:
  Reference(const Memory& memory, bool two_level) : m_memory(memory), m_two_level(two_level) {}

  /// The Command queue has consumed a command: an invalidation, or a CMD_SYNC.
  void consumed(Word word0, Word word1, Tick now);
  /// What the access would end with if nothing were cached, and nothing changed meanwhile.
  Answer current(const AccessId& access) const;
  /// Whether `answer` may be given at `end` to an access that began at `begin`.
  bool allows(const AccessId& access, const Answer& answer, Tick begin, Tick end);
  /// All that may be given, for messages.
  std::vector<Answer> allowed(const AccessId& access, Tick begin, Tick end);
  const std::vector<Invalidation>& invalidations() const { return m_invalidations; }

 private:
  struct Piece {
    Coverage coverage;
    Tick read_until = never;  // when its own words were replaced
    int from = -1;            // the piece that led to it
    int by = -1;              // the stage 2 translation by which it was reached
    Tick first = 0;           // when it could first be read
    Tick last = never;        // when an invalidation was complete after which it must not be used
    bool current = true;      // nothing of it has been replaced
  };
  struct Config {
    std::uint32_t sid = 0;
    int piece = -1;
    StructureWords words{};
  };
  struct Context {  // stage 1, as a CD says
    std::uint32_t sid = 0;
    int ste = -1;
    int piece = -1;
    std::uint16_t vmid = 0;
    std::uint16_t asid = 0;
    bool el2 = false;
    bool aset = false;
    bool nested = false;
    bool valid = true;  // CD.V
    std::array<std::uint64_t, 2> ttb{};
  };
  struct Translated {
    int piece = -1;
    std::uint64_t output = 0;  // of the page
    bool writable = false;
  };
  /// A fault that could be met between two ticks: nothing of it is cached (3.21.1, 3.21.3).
  struct Failure {
    Tick first = 0;
    Tick last = never;
    Answer answer;
  };
  struct Stage2 {
    std::vector<Translated> found;
    std::vector<Failure> failures;
  };
  struct End {
    int piece = -1;
    Answer answer;
  };

  int add(Piece piece);
  bool takes_away(const Invalidation& i, const Piece& piece) const;
  bool gone(int piece, const Invalidation& i) const;
  void add_failure(std::vector<Failure>& to, int from, int by, Tick first, Tick last, std::uint8_t event,
                   bool s2);
  void add_failures(std::vector<Failure>& to, int from, const std::vector<Failure>& failures);
  void keep(std::vector<Translated>& in, const Translated& t);

  void find_configs();
  void find_contexts();
  void find_cds(const Config& config, std::uint64_t address, int by);
  const Stage2& stage2(std::uint16_t vmid, std::uint64_t ipa);
  void walk_stage2(Stage2& result, std::uint16_t vmid, std::uint64_t ipa, unsigned level, std::uint64_t table,
                   int from);
  bool shares_globals(const Context& c, const Context& own) const;
  void stage1(const AccessId& access, const Context& own);
  void walk_stage1(const AccessId& access, const Context& c, bool own_tag, bool own_root, unsigned level,
                   std::uint64_t table, int from, int by);
  void end_stage1(const AccessId& access, const Context& c, int leaf, Word descriptor, unsigned level);
  void evaluate(const AccessId& access, Tick begin, Tick end);
  void finish(int piece, const Answer& answer) { m_ends.push_back({piece, answer}); }

  const Memory& m_memory;
  bool m_two_level;
  std::vector<Invalidation> m_invalidations;

  // Of one evaluation
  std::vector<Piece> m_pieces;
  std::vector<Config> m_configs;
  std::vector<Context> m_contexts;
  std::deque<std::pair<std::uint64_t, Stage2>> m_stage2;  // by VMID and page
  std::vector<End> m_ends;
  std::vector<Failure> m_failures;
  std::vector<Answer> m_allowed;
};

}  // namespace smmuvp::smmuv3::invalidation
