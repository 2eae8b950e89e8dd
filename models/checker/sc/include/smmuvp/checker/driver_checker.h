// Watches SMMUs, memories and processors of a SystemC program, and tells what drivers do wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "smmuvp/base/diag.h"
#include "smmuvp/base/page_watch.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/checker/checker.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/cpu_control.h"
#include "smmuvp/tlm/dump_control.h"
#include "smmuvp/tlm/explain_control.h"
#include "smmuvp/tlm/memory_control.h"
#include "smmuvp/tlm/store_control.h"

namespace smmuvp {

/// Gets traces of SMMUs, asks them to explain accesses, and notices stores to the tables and structures that
/// those use, by whatever processor or bus. Takes no simulated time and changes nothing.
///
/// It is made before the components that it is told of, since they ask for trace sinks when they are made,
/// and outlives them.
class DriverChecker : public TraceSink,
                      private StoreListener,
                      private MemoryWriteListener,
                      private checker::Surroundings {
 public:
  /// @param told  called for each finding, as it is made
  explicit DriverChecker(std::function<void(const checker::Finding&)> told);
  ~DriverChecker() override;

  // ---- what it watches; before simulation

  /// An SMMUv3 or SMMUv2. Others are ignored. @return whether it is one
  bool add(Component& smmu);
  /// A memory, at its place in the address map. It has a base of its own before.
  void add(MemoryControl& memory, std::uint64_t base);
  /// A component that is one of these or both.
  void add(StoreControl* stores, CpuControl* processor, std::string name);

  // ---- what else there is to know

  /// A diagnostic of a component, as its DiagSink gets it: of mistakes that an SMMU sees by itself.
  void diagnosed(const Diagnostic& diagnostic, std::uint64_t time_ps);

  // ---- the end

  /// The run is over: tells what is still open, and lets go of memories and processors, which may end then.
  void finish();
  /// Who has changed a word of 64 bits last, as far as it lies in a page that is watched; nullptr: not known.
  /// Of a word that nothing had used by then the program counter is that of the block of instructions.
  const checker::Writer* last_writer(std::uint64_t physical) const;
  /// How often a store to a page that is watched was noticed, and how many pages are.
  std::uint64_t noticed() const { return m_watch.noticed_count(); }
  std::size_t pages() const { return m_watch.pages(); }
  /// Accesses that were looked at.
  std::uint64_t looks() const { return m_looks + m_checker.walks(); }

  // ---- TraceSink
  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;

 private:
  struct Memory {
    std::uint8_t* data;
    std::uint64_t base, size;
  };
  struct Smmu {
    unsigned number;  // of m_checker
    bool is_smmuv2;
    const ExplainControl* explain;
    const DumpControl* dump;
    bool E2H;                                                        // CR2
    std::multiset<std::pair<std::uint32_t, std::uint64_t>> stalled;  // StreamID, address
  };

  void stores_made(StoreControl& by, std::uint64_t first, std::uint64_t end, std::uint64_t time_ps) override;
  void memory_written(std::uint64_t address, std::uint64_t length) override;
  void watch(std::uint64_t physical) override;
  void unwatch(std::uint64_t physical) override;
  std::optional<std::uint64_t> read(std::uint64_t physical) override;
  void tell(const checker::Finding& finding) override { m_told(finding); }

  std::uint8_t* host_address(std::uint64_t physical) const;
  void accessed(Smmu& smmu, std::uint64_t time_ps, const TraceValue* values);
  void commanded(const Smmu& smmu, std::uint64_t time_ps, std::string_view source, const TraceValue* values);
  void translated(Smmu& smmu, std::uint64_t time_ps, const TraceValue* values);
  void look_at_structures(const Smmu& smmu, std::uint64_t time_ps, std::string_view source,
                          const smmuv3::Command& command, unsigned queue);
  template <class WriterOf>
  void take(WriterOf writer_of);

  std::function<void(const checker::Finding&)> m_told;
  checker::Checker m_checker;
  struct Processor {
    StoreControl* stores;
    CpuControl* control;
    std::string name;
  };
  checker::Writer who_runs(std::uint64_t time_ps) const;
  void register_written(Smmu& smmu, std::uint64_t time_ps, std::string_view name, std::uint64_t value);

  std::vector<Processor> m_processors;
  PageWatch m_watch;
  std::vector<Memory> m_memories;
  std::map<std::string, Smmu, std::less<>> m_smmus;  // by name
  std::vector<std::string> m_names;                  // of SMMUs, in order
  std::uint64_t m_looks = 0;
  std::map<std::uint64_t, std::vector<std::uint64_t>> m_illegal;  // words that were told to be, by address
  std::unordered_map<std::uint64_t, std::shared_ptr<const checker::Writer>> m_last_writers;  // by address
};

}  // namespace smmuvp
