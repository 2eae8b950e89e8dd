// What an SMMU may make of translation tables, given all that was ever in them and all that was invalidated.
//
// Everything that the SMMU can have read at some time is a Piece: a structure, a descriptor, or a stage 1
// descriptor together with the stage 2 translation of what it points to (IHI 0070 16.2.1, IHI 0062 5.4.1). A
// piece can be used from the time at which it could first be read until an invalidation that covers it is
// complete, provided that by the time of that invalidation nothing could lead to it any more. Nothing here
// knows caches, their sizes, or what an SMMU has in fact read: whatever could be cached might be (IHI 0070
// 3.21.1, 3.21.3, IHI 0062 5.4.1).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "tables.h"

namespace smmuvp::smmu::invalidation {

/// The end of an access, as a device and software see it.
struct Answer {
  bool forward = false;
  std::uint64_t output = 0;  ///< of forward
  std::uint8_t fault = 0;    ///< else: numbered by the SMMU
  bool s2 = false;           ///< that it is of stage 2

  static Answer to(std::uint64_t output) { return {true, output, 0, false}; }
  static Answer of(std::uint8_t fault, bool s2 = false) { return {false, 0, fault, s2}; }
  bool operator==(const Answer& o) const {
    return forward == o.forward && output == o.output && fault == o.fault && s2 == o.s2;
  }
};
/// The numbers of faults that tables give.
struct FaultNumbers {
  std::uint8_t translation = 0;
  std::uint8_t permission = 0;
};

struct AccessId {
  std::uint32_t sid = 0;
  std::uint64_t address = 0;
  bool write = false;
};

/// What an invalidation has to name to take a piece away.
struct Coverage {
  enum class Of : std::uint8_t { configuration, stage1, stage2 };

  Of of = Of::configuration;
  std::uint8_t kind = 0;    ///< of configuration: numbered by the SMMU
  std::uint32_t sid = 0;    ///< of configuration
  std::uint8_t regime = 0;  ///< of translations: numbered by the SMMU
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
  bool last_level = false;    ///< of translations: a page or a block
  bool global = false;        ///< a last level of stage 1 with nG 0
  std::uint8_t shift = 12;    ///< log2 of the region that the descriptor translates
  std::uint64_t address = 0;  ///< anything in it
};

struct Invalidation {
  std::function<bool(const Coverage&)> covers;  ///< whether it has to take that away
  Tick consumed = 0;                            ///< when it was carried out
  Tick complete = never;                        ///< when a synchronisation after it told so
};

/// How tables are laid out.
enum class Format : std::uint8_t {
  long_descriptors,   ///< three levels of 9 bits, 4 KiB pages
  long_16k,           ///< stage 1: two levels, 32 MiB blocks, 16 KiB pages
  long_64k,           ///< stage 1: two levels, 512 MiB blocks, 64 KiB pages
  short_descriptors,  ///< AArch32: 1 MiB sections, 4 KiB pages
};
/// A descriptor, without what it points to.
struct Descriptor {
  bool valid = false;
  bool table = false;
  bool writable = true;
  bool global = false;
  std::uint8_t shift = 12;   ///< log2 of what it translates
  std::uint64_t output = 0;  ///< the next table, or the first address that it leads to

  /// Of stage 1 or 2. Levels count from 1.
  static Descriptor decode(Format format, unsigned stage, unsigned level, Word word);
  static std::uint64_t address(Format format, unsigned stage, unsigned level, std::uint64_t table,
                               std::uint64_t input);
  /// Where a leaf leads to from `address`.
  std::uint64_t output_of(std::uint64_t address) const {
    return output | (address & ((std::uint64_t{1} << shift) - 1));
  }
};

struct Piece {
  Coverage coverage;
  Tick read_until = never;  // when its own words were replaced
  int from = -1;            // the piece that led to it
  int by = -1;              // the stage 2 translation by which it was reached
  Tick first = 0;           // when it could first be read
  Tick last = never;        // when an invalidation was complete after which it must not be used
  bool current = true;      // nothing of it has been replaced
  bool cached = true;       // false: SMMUs do not keep it, and it is gone when it has been replaced
};

/// Stage 1 as configuration has it.
struct Stage1Context {
  int piece = -1;
  std::uint8_t regime = 0;
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
  bool asid_set = false;  ///< that of global entries
  bool nested = false;
  bool valid = true;
  Format format = Format::long_descriptors;
  std::array<std::uint64_t, 2> ttb{};
};
/// Stage 2 as configuration has it.
struct Stage2Context {
  int piece = -1;
  std::uint16_t vmid = 0;
  std::uint64_t table = 0;
};

/// A fault that could be met between two ticks: nothing of it is cached (IHI 0070 3.21.1, IHI 0062 5.4.1).
struct Failure {
  Tick first = 0;
  Tick last = never;
  Answer answer;
};
struct Translated {
  int piece = -1;
  std::uint64_t output = 0;  // of the page
  bool writable = false;
};
struct Stage2Result {
  std::vector<Translated> found;
  std::vector<Failure> failures;
};

class Translations {
 public:
  Translations(const Memory& memory, FaultNumbers faults) : m_memory(memory), m_faults(faults) {}

  void invalidated(std::function<bool(const Coverage&)> covers, Tick now) {
    m_invalidations.push_back({std::move(covers), now, never});
  }
  /// A synchronisation has told that those are complete for which `which(number)` holds.
  template <class Which>
  void complete(Which which, Tick now) {
    for (std::size_t n = 0; n < m_invalidations.size(); ++n) {
      if (m_invalidations[n].complete == never && which(n)) m_invalidations[n].complete = now;
    }
  }
  std::size_t invalidations() const { return m_invalidations.size(); }

  // ---- of one evaluation, in this order: what there was of configuration, and then what it leads to

  void begin();
  /// @return the piece's number, or -1 if it could never be read: what leads to it was gone before it was
  /// there
  int add(Piece piece);
  void add(const Stage2Context& context) { m_stage2_contexts.push_back(context); }
  void add(const Stage1Context& context) { m_contexts.push_back(context); }
  const std::vector<Stage1Context>& contexts() const { return m_contexts; }
  /// All that an IPA of a VMID can be translated to.
  const Stage2Result& stage2(std::uint16_t vmid, std::uint64_t ipa);
  struct End {
    int piece = -1;
    Answer answer;
  };
  /// All that an access of `own` can end with.
  struct Stage1Result {
    std::vector<End> ends;
    std::vector<Failure> failures;
  };
  const Stage1Result& stage1(const AccessId& access, const Stage1Context& own);
  bool usable(int piece, Tick at) const {
    return piece < 0 || m_pieces[static_cast<std::size_t>(piece)].last > at;
  }

  // ---- without any cache, as memory is

  struct Now {
    bool stage1 = false;
    Format format = Format::long_descriptors;
    std::array<std::uint64_t, 2> ttb{};
    bool stage2 = false;
    std::uint64_t table = 0;  ///< of stage 2
  };
  Answer now(const Now& context, const AccessId& access) const;
  /// Translates by stage 2, where there is one. @return false: it does not
  bool by_stage2(const Now& context, std::uint64_t& address) const;

 private:
  struct Walk {
    const AccessId& access;
    Stage1Context context;
    bool own_tag = false;   // more than global leaves match the access
    bool own_root = false;  // the access itself can begin here
  };
  bool takes_away(const Invalidation& i, const Piece& piece) const;
  bool gone(int piece, const Invalidation& i) const;
  void add_failure(std::vector<Failure>& to, int from, int by, Tick first, Tick last, bool s2);
  void add_failures(std::vector<Failure>& to, int from, const std::vector<Failure>& failures);
  void keep(std::vector<Translated>& in, const Translated& t);
  void walk_stage2(Stage2Result& result, std::uint16_t vmid, std::uint64_t ipa, unsigned level,
                   std::uint64_t table, int from);
  bool shares_globals(const Stage1Context& c, const Stage1Context& own) const;
  void walk_stage1(const Walk& walk, unsigned level, std::uint64_t table, int from, int by);
  void end_stage1(const Walk& walk, int leaf, const Descriptor& d);
  Descriptor leaf_now(const Now& context, Format format, unsigned stage, std::uint64_t table,
                      std::uint64_t address, bool& unreachable) const;

  const Memory& m_memory;
  FaultNumbers m_faults;
  std::vector<Invalidation> m_invalidations;
  std::vector<Piece> m_pieces;
  std::vector<Stage1Context> m_contexts;
  std::vector<Stage2Context> m_stage2_contexts;
  std::deque<std::pair<std::uint64_t, Stage2Result>> m_stage2;  // by VMID and page
  Stage1Result m_stage1;
};

}  // namespace smmuvp::smmu::invalidation
