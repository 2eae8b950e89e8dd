// An interrupt output that injected faults may silence or delay.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <systemc>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/injection.h"
#include "smmuvp/tlm/interrupt_output.h"

namespace smmuvp::smmu {

/// In front of another output, to which everything goes where nobody injects faults. One of an edge is a
/// request; one of a level begins when there is a reason to interrupt, and ends when that has gone: a level
/// that is dropped is not seen at all, one that is delayed is seen later if its reason lasts.
class InjectableOutput : public InterruptOutput {
 public:
  /// @param line  as a site's `of` names it
  InjectableOutput(std::unique_ptr<InterruptOutput> output, std::string line);
  ~InjectableOutput() override;

  /// Before simulation. @param injector  nullptr: nobody
  void set_injector(Injector* injector);

  void request() override;
  void cancel() override;
  void set(bool level) override;
  std::uint64_t coalesced() const override { return m_output->coalesced(); }
  void reset_statistics() override { m_output->reset_statistics(); }
  /// What is late is not saved.
  void visit(Archive& archive) override { m_output->visit(archive); }

 private:
  class Late;

  Injection ask() const;

  std::unique_ptr<InterruptOutput> m_output;
  std::string m_line;
  Injector* m_injector = nullptr;
  std::unique_ptr<Late> m_late;  // with an injector
  bool m_level = false;          // as last set
  bool m_hidden = false;         // a level that is not seen, or not yet
};

}  // namespace smmuvp::smmu
